"""Attention of every kind, and encoders made of it."""

import numpy as np

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    pair = {"q": (5, 8), "v": (7, 8)}

    zoo.add("attention", pair, lambda q, v: {
        "dot": layers.Attention()([q, v]), "scaled": layers.Attention(use_scale=True)([q, v]), "key": layers.Attention()([q, v, v * 0.5]),
        "concat": layers.Attention(score_mode="concat", use_scale=True)([q, v]), "additive": layers.AdditiveAttention()([q, v]), "unscaled": layers.AdditiveAttention(use_scale=False)([q, v]),
        "causal": layers.Attention()([q, q], use_causal_mask=True), "additive_causal": layers.AdditiveAttention()([v, v], use_causal_mask=True),
        "scores": layers.Attention()([q, v], return_attention_scores=True)[1],
    })

    def masks(rng, batch):
        keep = rng.random((batch, 7)) < 0.6
        keep[:, 0] = True
        return {"q": rng.uniform(-1, 1, (batch, 5, 8)).astype(np.float32), "v": rng.uniform(-1, 1, (batch, 7, 8)).astype(np.float32), "m": keep, "qm": rng.random((batch, 5)) < 0.7}

    masked = {**pair, "m": ((7,), "bool"), "qm": ((5,), "bool")}
    zoo.add("attention-masked", masked, lambda q, v, m, qm: {
        "dot": layers.Attention()([q, v], mask=[qm, m]), "additive": layers.AdditiveAttention()([q, v], mask=[qm, m]), "half": layers.Attention()([q, v], mask=[None, m]),
        "heads": layers.MultiHeadAttention(2, 4)(q, v, attention_mask=layers.Reshape((1, 7))(m)), "implied": layers.MultiHeadAttention(2, 4)(q, v, query_mask=qm, value_mask=m) if zoo.is_keras3 else layers.MultiHeadAttention(2, 4)(q, v),
    }, masks)
    zoo.add("multi-head-attention", pair, lambda q, v: {
        "self": layers.MultiHeadAttention(2, 4)(q, q), "cross": layers.MultiHeadAttention(2, 4)(q, v), "value": layers.MultiHeadAttention(3, 4, value_dim=5, output_shape=6)(q, v),
        "key": layers.MultiHeadAttention(2, 4, use_bias=False)(q, v, key=v * 2.0), "causal": layers.MultiHeadAttention(2, 4)(q, q, use_causal_mask=True),
        "scores": layers.MultiHeadAttention(2, 4)(q, v, return_attention_scores=True)[1], "dropout": layers.MultiHeadAttention(2, 4, dropout=0.3)(q, v),
    })
    zoo.add("multi-head-attention-axes", {"i": (3, 4, 6)}, lambda i: {
        "both": layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))(i, i), "rows": layers.MultiHeadAttention(2, 3, attention_axes=(2,))(i, i), "columns": layers.MultiHeadAttention(2, 3, attention_axes=(1,))(i, i),
    })
    zoo.add("multi-head-attention-free", {"q": (None, 8), "v": (None, 8)}, lambda q, v: {"y": layers.MultiHeadAttention(2, 4)(q, v), "causal": layers.MultiHeadAttention(2, 4)(q, q, use_causal_mask=True)})
    if zoo.has("GroupQueryAttention"):
        zoo.add("group-query-attention", pair, lambda q, v: {
            "two": layers.GroupQueryAttention(4, 4, 2)(q, v), "one": layers.GroupQueryAttention(3, 4, 1)(q, v), "all": layers.GroupQueryAttention(2, 4, 4)(q, q, use_causal_mask=True),
            "scores": layers.GroupQueryAttention(4, 4, 2)(q, v, return_attention_scores=True)[1], "no_bias": layers.GroupQueryAttention(4, 4, 2, use_bias=False)(q, v),
        })

    def ids(rng, batch):
        tokens = rng.integers(1, 20, (batch, 9)).astype(np.int32)
        for row in range(batch):
            tokens[row, 9 - 2 * row :] = 0
        return {"ids": tokens}

    def encoder(tokens):
        x = layers.Embedding(20, 8, mask_zero=True)(tokens)
        for _ in range(2):
            x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
            y = layers.Dense(8)(layers.Dense(16, activation="gelu")(x))
            x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, y]))
        return {"sequence": x, "pooled": layers.Dense(3)(layers.GlobalAveragePooling1D()(x))}

    zoo.add("encoder-with-mask", {"ids": ((9,), "int32")}, encoder, ids)

    def decoder(tokens, memory):
        x = layers.Embedding(20, 8, mask_zero=True)(tokens)
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, memory))
        return layers.Dense(20)(layers.LayerNormalization()(x + layers.Dense(8)(layers.Dense(12, activation="swish")(x))))

    zoo.add("decoder-with-cross-attention", {"ids": ((9,), "int32"), "memory": (4, 8)}, decoder, lambda rng, batch: {**ids(rng, batch), "memory": rng.uniform(-1, 1, (batch, 4, 8)).astype(np.float32)})

    def vision_transformer(image):
        x = layers.Conv2D(12, 4, strides=4)(image)
        x = layers.Reshape((16, 12))(x)
        for _ in range(2):
            y = layers.LayerNormalization()(x)
            x = layers.Add()([x, layers.MultiHeadAttention(3, 4)(y, y)])
            x = layers.Add()([x, layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))])
        return layers.Dense(5)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x)))

    zoo.add("vision-transformer", {"image": (16, 16, 3)}, vision_transformer)
    return zoo.table

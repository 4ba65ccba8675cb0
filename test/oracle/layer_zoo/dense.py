"""Dense layers, embeddings, activations, merging and regularising layers."""

import inspect

import numpy as np

from builder import Zoo

NOT_ACTIVATIONS = {"get", "serialize", "deserialize", "threshold"}


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers

    zoo.add("dense", {"x": (7,)}, lambda x: {
        "plain": layers.Dense(5)(x),
        "no_bias": layers.Dense(4, use_bias=False, activation="relu")(x),
        "constrained": layers.Dense(3, kernel_constraint="max_norm", kernel_regularizer="l2", activation="tanh")(x),
        "sigmoid": layers.Dense(2, activation="sigmoid")(x),
        "softmax": layers.Dense(6, activation="softmax")(x),
    })
    zoo.add("dense-rank-3", {"x": (None, 3, 7)}, lambda x: {"y": layers.Dense(5, activation="gelu")(x), "z": layers.Dense(1)(x)})
    zoo.add("einsum-dense", {"x": (6, 4), "y": (3, 6, 4)}, lambda x, y: {
        "a": layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d", activation="relu")(x),
        "b": layers.EinsumDense("abc,cde->abde", output_shape=(6, 2, 5), bias_axes="de")(x),
        "c": layers.EinsumDense("abc,bd->acd", output_shape=(4, 7))(x),
        "d": layers.EinsumDense("...x,xy->...y", output_shape=5, bias_axes="y")(y),
        "e": layers.EinsumDense("abcd,de->abce", output_shape=(3, None, 2))(y),
        "f": layers.EinsumDense("abcd,bcde->aeb", output_shape=(2, 3), bias_axes="b")(y),
    })

    def ids(rng, batch):
        return {"i": rng.integers(0, 11, (batch, 6)).astype(np.int32), "f": rng.integers(0, 11, (batch, 6)).astype(np.float32), "l": rng.integers(0, 11, (batch, 2, 3)).astype(np.int64)}

    zoo.add("embedding", {"i": ((6,), "int32"), "f": (6,), "l": ((2, 3), "int64")}, lambda i, f, l: {
        "i": layers.Embedding(11, 4)(i), "f": layers.Embedding(11, 3, mask_zero=True)(f), "l": layers.Embedding(11, 5)(l),
        "pooled": layers.GlobalAveragePooling1D()(layers.Embedding(11, 3, mask_zero=True)(i)),
    }, ids)
    if zoo.has("ReversibleEmbedding"):
        def reversible(i):
            tied, own = layers.ReversibleEmbedding(11, 4), layers.ReversibleEmbedding(11, 4, tie_weights=False, logit_soft_cap=3.0)
            return {"tied": tied(layers.Dense(4)(tied(i)), reverse=True), "own": own(own(i), reverse=True)}

        zoo.add("reversible-embedding", {"i": ((6,), "int32")}, reversible, lambda rng, batch: {"i": ids(rng, batch)["i"]})

    def functions(x):
        made = {}
        for name, function in inspect.getmembers(keras.activations, inspect.isfunction):
            if name not in NOT_ACTIVATIONS and not name.startswith("_"):
                made[f"{name}_of"] = layers.Activation(name)(x)
        if hasattr(keras.activations, "threshold"):
            made["threshold_of"] = layers.Activation(lambda t: keras.activations.threshold(t, 0.2, -1.0))(x)
        return made

    def wide(rng, batch):
        x = rng.uniform(-4, 4, (batch, 12)).astype(np.float32)
        x[0, :6] = [0, -30, 30, 1e-3, -1e-3, 100]
        return {"x": x}

    zoo.add("activations", {"x": (12,)}, functions, wide)

    def tiny(rng, batch):
        """Arguments whose answers are all near zero: nothing else in the tensor covers for an absolute error."""
        return {"x": np.linspace(-14, -7, batch * 2).astype(np.float32).reshape(batch, 2), "small": (rng.uniform(-1, 1, (batch, 2)) * 1e-3).astype(np.float32)}

    zoo.add("activations-near-zero", {"x": (2,), "small": (2,)}, lambda x, small: {
        "sigmoid": layers.Activation("sigmoid")(x),
        "reshaped": layers.Reshape((2, 1))(layers.Activation("sigmoid")(layers.Activation("linear")(x))),
        "halved": layers.Rescaling(0.5)(layers.Activation("sigmoid")(x)),
        "product": layers.Multiply()([layers.Activation("sigmoid")(x), layers.Activation("sigmoid")(x)]),
        "softplus": layers.Activation("softplus")(x), "exponential": layers.Activation("exponential")(x), "elu": layers.Activation("elu")(small),
        "softmax": layers.Softmax()(layers.Concatenate()([x, layers.Lambda(lambda t: t * 0)(x)]))[:, :2], "swish": layers.Activation("swish")(x), "gelu": layers.Activation("gelu")(x * 0.4),
        "tanh": layers.Activation("tanh")(small), "selu": layers.Activation("selu")(small), "mish": layers.Activation("mish")(x),
        **({"log_softmax": layers.Activation("log_softmax")(layers.Concatenate()([x * 100, x * 0]))[:, 2:], "log_sigmoid": layers.Activation("log_sigmoid")(-x), "silu": layers.Activation("silu")(x)} if zoo.is_keras3 else {}),
    }, tiny)

    def activation_layers(x):
        made = {
            "relu": layers.ReLU()(x), "leaky": layers.LeakyReLU(0.3)(x), "elu": layers.ELU(alpha=0.7)(x), "softmax": layers.Softmax()(x),
            "capped": layers.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2)(x), "relu6": layers.ReLU(6.0)(x), "threshold": layers.ReLU(threshold=0.25)(x),
            "axis": layers.Softmax(axis=1)(x), "axes": layers.Softmax(axis=[1, 2])(x), "prelu": layers.PReLU()(x), "shared": layers.PReLU(shared_axes=[1])(x),
            "function": layers.Activation(keras.activations.relu)(x),
        }
        if zoo.has("ThresholdedReLU"):
            made["thresholded"] = layers.ThresholdedReLU(theta=0.3)(x)
        return made

    zoo.add("activation-layers", {"x": (5, 4)}, activation_layers)
    zoo.add("masked-softmax", {"x": (5, 4), "m": ((5, 4), "bool")}, lambda x, m: {"y": layers.Softmax()(x, m), "axes": layers.Softmax(axis=(1, 2))(x, m)})

    def merged(a, b, c):
        kinds = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
        made = {kind.lower(): getattr(layers, kind)()([a, b]) for kind in kinds}
        three = {f"{kind.lower()}_3": getattr(layers, kind)()([a, b, a]) for kind in kinds if kind != "Subtract"}
        return {**made, **three, "broadcast": layers.Add()([a, c]), "wider": layers.Multiply()([c, a]), "axis": layers.Concatenate(axis=1)([a, c])}

    zoo.add("merging", {"a": (4, 3), "b": (4, 3), "c": (1, 3)}, merged)
    zoo.add("merging-free", {"a": (None, 3), "b": (None, 3)}, lambda a, b: {"y": layers.Concatenate(axis=1)([a, b]), "z": layers.Average()([a, b])})
    zoo.add("dot", {"a": (4, 3), "b": (4, 5), "u": (6,), "v": (6,), "h": (2, 4, 3), "k": (2, 4, 3)}, lambda a, b, u, v, h, k: {
        "matrix": layers.Dot(axes=1)([a, b]), "vector": layers.Dot(axes=1)([u, v]), "cosine": layers.Dot(axes=-1, normalize=True)([u, v]),
        "cosines": layers.Dot(axes=(1, 1), normalize=True)([a, b]), "pair": layers.Dot(axes=(2, 1))([layers.Permute((2, 1))(a), b]), "rank_4": layers.Dot(axes=(3, 3))([h, k]),
    })
    zoo.add("regularising", {"x": (6, 4), "i": (4, 5, 3), "v": (2, 4, 5, 3)}, lambda x, i, v: {
        "y": layers.Dense(3)(layers.Dropout(0.5)(layers.GaussianNoise(0.3)(layers.GaussianDropout(0.4)(layers.AlphaDropout(0.2)(x))))),
        "a": layers.ActivityRegularization(l1=0.1)(x) + 1.0, "s1": layers.SpatialDropout1D(0.5)(x) * 2.0, "s2": layers.SpatialDropout2D(0.5)(i) * 2.0, "s3": layers.SpatialDropout3D(0.5)(v) * 2.0,
        "identity": layers.Identity()(x) + 1.0,
    })
    zoo.add("identity-only", {"x": (6, 4)}, lambda x: layers.Identity()(x))

    if zoo.is_keras3:
        def quantized(path):
            from builder import randomize, seeded

            rng = seeded("quantized")
            inputs = keras.Input((16,), name="x")
            model = keras.Model(inputs, layers.Dense(4)(layers.Dense(12, activation="relu")(inputs)))
            randomize(model, rng)
            model.quantize("int8")
            model.export(path, verbose=False)
            return [(f"b{n}", "serving_default", {"x": rng.uniform(-1, 1, (n, 16)).astype(np.float32)}) for n in (1, 3)]

        zoo.add_maker("quantized-int8", quantized)

        def lora(x):
            first = layers.Dense(6, activation="relu")
            hidden = first(x)
            first.enable_lora(2)
            return layers.Dense(3)(hidden)

        zoo.add("dense-lora", {"x": (8,)}, lora)
    return zoo.table

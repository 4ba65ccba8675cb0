"""Normalising layers."""

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    image, steps = (5, 6, 8), (7, 8)

    zoo.add("batch-normalization", {"i": image, "s": steps, "v": (8,)}, lambda i, s, v: {
        "image": layers.BatchNormalization()(i), "vector": layers.BatchNormalization(epsilon=0.1)(v), "steps": layers.BatchNormalization(center=False)(s),
        "first": layers.BatchNormalization(axis=1)(i), "middle": layers.BatchNormalization(axis=2, scale=False)(i), "bare": layers.BatchNormalization(center=False, scale=False)(v),
        "after_conv": layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(i))), "after_dense": layers.BatchNormalization()(layers.Dense(3)(v)),
        "before_conv": layers.Conv2D(4, 3, padding="same")(layers.BatchNormalization()(i)),
    })
    zoo.add("batch-normalization-masked", {"x": (6, 3)}, lambda x: layers.BatchNormalization()(layers.Masking()(x)))
    zoo.add("layer-normalization", {"i": image, "s": steps, "v": (8,)}, lambda i, s, v: {
        "vector": layers.LayerNormalization()(v), "steps": layers.LayerNormalization(epsilon=1e-6)(s), "first": layers.LayerNormalization(axis=1)(s), "scale": layers.LayerNormalization(center=False)(i),
        "bare": layers.LayerNormalization(center=False, scale=False)(s), "no_scale": layers.LayerNormalization(scale=False)(i),
        # What tf_keras exports of several axes, TensorFlow itself refuses to run.
        **({"both": layers.LayerNormalization(axis=(1, 2))(s), "image": layers.LayerNormalization(axis=[1, 2, 3])(i)} if zoo.is_keras3 else {}),
    })
    zoo.add("group-normalization", {"i": image, "s": steps, "f": (8, 5, 6)}, lambda i, s, f: {
        "image": layers.GroupNormalization(4)(i), "instance": layers.GroupNormalization(-1)(i), "one": layers.GroupNormalization(1)(i), "steps": layers.GroupNormalization(2, center=False)(s),
        "first": layers.GroupNormalization(4, axis=1)(f), "bare": layers.GroupNormalization(2, scale=False, center=False, epsilon=0.01)(i),
    })
    zoo.add("unit-normalization", {"i": image, "s": steps}, lambda i, s: {
        "last": layers.UnitNormalization()(s), "first": layers.UnitNormalization(axis=1)(s), "both": layers.UnitNormalization(axis=[1, 2])(i),
    })
    if zoo.has("RMSNormalization"):
        zoo.add("rms-normalization", {"i": image, "s": steps}, lambda i, s: {
            "steps": layers.RMSNormalization()(s), "both": layers.RMSNormalization(axis=(1, 2), epsilon=1e-3)(s), "image": layers.RMSNormalization(axis=-1, epsilon=1e-3)(i),
        })
    zoo.add("spectral-normalization", {"i": image, "v": (8,)}, lambda i, v: {
        "dense": layers.SpectralNormalization(layers.Dense(5))(v), "conv": layers.SpectralNormalization(layers.Conv2D(3, 3), power_iterations=2)(i),
    })
    return zoo.table

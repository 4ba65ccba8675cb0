"""Pooling of every kind."""

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    for rank, size in {1: (11, 4), 2: (9, 8, 4), 3: (6, 5, 7, 4)}.items():
        for order in ("last", "first"):
            where = size if order == "last" else (size[-1], *size[:-1])

            def pooled(x, rank=rank, order=order):
                made = {}
                for kind in ("Max", "Average"):
                    layer = lambda *args, **kwargs: getattr(layers, f"{kind}Pooling{rank}D")(*args, data_format=f"channels_{order}", **kwargs)(x)
                    made.update({
                        f"{kind}_plain": layer(2), f"{kind}_same": layer(3, strides=2, padding="same"), f"{kind}_one": layer(2, strides=1), f"{kind}_one_same": layer(3, strides=1, padding="same"),
                        f"{kind}_valid": layer(3, strides=2), f"{kind}_apart": layer(2, strides=3, padding="same"),
                    })
                return made

            def over_all(x, rank=rank, order=order):
                made = {}
                for kind in ("Max", "Average"):
                    for keep in (False, True):
                        made[f"{kind}_{keep}"] = getattr(layers, f"Global{kind}Pooling{rank}D")(data_format=f"channels_{order}", keepdims=keep)(x)
                return made

            suffix = "" if order == "last" else "-first"
            zoo.add(f"pooling-{rank}d{suffix}", {"x": where}, pooled)
            zoo.add(f"global-pooling-{rank}d{suffix}", {"x": where}, over_all)
            if zoo.has("AdaptiveMaxPooling1D"):
                # Keras itself fails for windows of a whole axis, and for some uneven sizes in three dimensions.
                even = where if rank < 3 else (6, 6, 6, 4) if order == "last" else (4, 6, 6, 6)
                zoo.add(f"adaptive-pooling-{rank}d{suffix}", {"x": even}, lambda x, rank=rank, order=order: {
                    f"{kind}_{n}": getattr(layers, f"Adaptive{kind}Pooling{rank}D")(n, data_format=f"channels_{order}")(x) for kind in ("Max", "Average") for n in (2, 3)
                })
    zoo.add("pooling-free", {"x": (None, None, 3)}, lambda x: {
        "max": layers.MaxPooling2D(3, 2, padding="same")(x), "average": layers.AveragePooling2D(2, 1, padding="same")(x), "all": layers.GlobalMaxPooling2D()(x),
    }, free=9)
    zoo.add("masked-average", {"x": (6, 3)}, lambda x: layers.GlobalAveragePooling1D()(layers.Masking()(x)), lambda rng, batch: {"x": with_zeros(rng, batch)})
    return zoo.table


def with_zeros(rng, batch):
    x = rng.uniform(-1, 1, (batch, 6, 3)).astype("float32")
    for row in range(batch):
        x[row, 5 - row :] = 0
    return x

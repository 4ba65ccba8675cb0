"""Reshaping, padding, cropping, repeating and scaling up."""

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    zoo.add("reshaping", {"x": (4, 6), "i": (2, 3, 4), "v": (5,)}, lambda x, i, v: {
        "a": layers.Reshape((3, 8))(x), "b": layers.Reshape((-1, 2))(x), "c": layers.Reshape((24,))(i), "flat": layers.Flatten()(i), "first": layers.Flatten(data_format="channels_first")(i),
        "permute": layers.Permute((3, 1, 2))(i), "swap": layers.Permute((2, 1))(x), "repeat": layers.RepeatVector(3)(v), "lambda": layers.Lambda(lambda t: t[:, ::2] * 2.0)(x), "flat_vector": layers.Flatten()(v) + 1.0,
    })
    zoo.add("reshaping-free", {"x": (None, 6)}, lambda x: {"a": layers.Reshape((-1, 3))(x), "swap": layers.Permute((2, 1))(x), "b": layers.Reshape((-1,))(x)})

    for rank, size in {1: (8, 3), 2: (6, 7, 3), 3: (5, 6, 4, 2)}.items():
        pairs = [(1, 2), (2, 0), (0, 1)][:rank]
        uneven = pairs[0] if rank == 1 else tuple(pairs)
        even = 1 if rank == 1 else tuple([1, 2, 1][:rank])
        cut, pad, up = (getattr(layers, f"{kind}{rank}D") for kind in ("Cropping", "ZeroPadding", "UpSampling"))
        zoo.add(f"crop-pad-up-{rank}d", {"x": size}, lambda x, cut=cut, pad=pad, up=up, uneven=uneven, even=even, rank=rank: {
            "cut": cut(even)(x), "cut_uneven": cut(uneven)(x), "pad": pad(even)(x), "pad_uneven": pad(uneven)(x), "up": up(2)(x), "up_3": up(3 if rank == 1 else tuple([3, 1, 2][:rank]))(x),
        })
        if rank > 1:
            first = (size[-1], *size[:-1])
            zoo.add(f"crop-pad-up-{rank}d-first", {"x": first}, lambda x, cut=cut, pad=pad, up=up, uneven=uneven, even=even: {
                "cut": cut(even, data_format="channels_first")(x), "cut_uneven": cut(uneven, data_format="channels_first")(x), "pad": pad(even, data_format="channels_first")(x),
                "pad_uneven": pad(uneven, data_format="channels_first")(x), "up": up(2, data_format="channels_first")(x),
            })
    kinds = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] + ([] if zoo.is_keras3 else ["area", "gaussian", "mitchellcubic"])
    zoo.add("up-sampling-interpolation", {"x": (5, 4, 3)}, lambda x: {f"{kind}_of": layers.UpSampling2D((2, 3), interpolation=kind)(x) for kind in kinds})
    zoo.add("up-sampling-first", {"x": (3, 5, 4)}, lambda x: {f"{kind}_of": layers.UpSampling2D(2, interpolation=kind, data_format="channels_first")(x) for kind in ("nearest", "bilinear", "bicubic")})
    # Keras 3 can only repeat images of free size.
    zoo.add("up-sampling-free", {"x": (None, None, 3)}, lambda x: {f"{kind}_of": layers.UpSampling2D(2, interpolation=kind)(x) for kind in (["nearest"] if zoo.is_keras3 else ["nearest", "bilinear", "bicubic"])}, free=4)
    return zoo.table

"""Convolutions of every kind, in 1, 2 and 3 dimensions."""

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    sizes = {1: (11, 4), 2: (9, 8, 4), 3: (6, 5, 7, 4)}

    for rank, size in sizes.items():
        conv = getattr(layers, f"Conv{rank}D")
        turned = getattr(layers, f"Conv{rank}DTranspose")
        zoo.add(f"conv-{rank}d", {"x": size}, lambda x, conv=conv, rank=rank: {
            "valid": conv(5, 3)(x), "same": conv(3, 3, padding="same", activation="relu")(x), "strided": conv(3, 3, strides=2, padding="same")(x),
            "strided_valid": conv(2, 2, strides=2, use_bias=False)(x), "even": conv(2, 4, padding="same")(x), "one": conv(6, 1)(x),
            "dilated": conv(3, 2, dilation_rate=2)(x), "dilated_same": conv(3, 3, dilation_rate=2, padding="same")(x),
            **({"causal": conv(3, 3, padding="causal")(x), "causal_dilated": conv(3, 2, padding="causal", dilation_rate=3)(x), "causal_strided": conv(2, 3, padding="causal", strides=2)(x)} if rank == 1 else {}),
            **({"uneven": conv(3, (3, 1), strides=(1, 2), padding="same")(x), "dilated_uneven": conv(2, (2, 3), dilation_rate=(2, 1))(x)} if rank == 2 else {}),
        })
        if rank < 3:
            zoo.add(f"conv-{rank}d-groups", {"x": size}, lambda x, conv=conv: {"two": conv(6, 3, groups=2)(x), "depthwise": conv(8, 3, groups=4, padding="same")(x)})
        zoo.add(f"conv-{rank}d-transpose", {"x": size}, lambda x, turned=turned: {
            "valid": turned(3, 3)(x), "same": turned(3, 3, padding="same", activation="relu")(x), "strided": turned(2, 3, strides=2, padding="same")(x),
            "strided_valid": turned(2, 2, strides=2, use_bias=False)(x), "wide": turned(2, 4, strides=3)(x), "even": turned(2, 2, strides=2, padding="same")(x),
        })
        zoo.add(f"conv-{rank}d-transpose-padded", {"x": size}, lambda x, turned=turned: {
            "same": turned(2, 3, strides=2, padding="same", output_padding=1)(x), "valid": turned(2, 3, strides=2, output_padding=1)(x), "none": turned(2, 3, strides=2, padding="same", output_padding=0)(x),
        })
        first = (4, *size[:-1])
        zoo.add(f"conv-{rank}d-first", {"x": first}, lambda x, conv=conv, rank=rank: {
            "valid": conv(5, 3, data_format="channels_first")(x), "same": conv(3, 3, padding="same", strides=2, data_format="channels_first")(x),
            "dilated": conv(3, 2, dilation_rate=2, data_format="channels_first")(x),
        })
        zoo.add(f"conv-{rank}d-transpose-first", {"x": first}, lambda x, turned=turned: {
            "valid": turned(3, 3, data_format="channels_first")(x), "same": turned(2, 3, strides=2, padding="same", data_format="channels_first")(x),
        })
        free = tuple(None for _ in size[:-1]) + (4,)
        zoo.add(f"conv-{rank}d-free", {"x": free}, lambda x, conv=conv, turned=turned: {
            "same": conv(3, 3, padding="same", strides=2)(x), "valid": conv(3, 2, dilation_rate=2)(x), "transpose": turned(2, 3, strides=2, padding="same")(x),
        }, free=7)

    def depthwise(x, kind, twice):
        return {
            "valid": kind(3)(x), "same": kind(3, padding="same", depth_multiplier=2, activation="relu")(x), "strided": kind(3, strides=2, padding="same", use_bias=False)(x),
            "strided_valid": kind(2, strides=2, depth_multiplier=3)(x), "dilated": kind(2, dilation_rate=2)(x), **twice,
        }

    zoo.add("depthwise-conv-1d", {"x": sizes[1]}, lambda x: depthwise(x, layers.DepthwiseConv1D, {"dilated_same": layers.DepthwiseConv1D(3, dilation_rate=2, padding="same")(x)}))
    zoo.add("depthwise-conv-2d", {"x": sizes[2]}, lambda x: depthwise(x, layers.DepthwiseConv2D, {"dilated_uneven": layers.DepthwiseConv2D((3, 2), dilation_rate=(2, 2), padding="same")(x)}))

    def separable(x, kind):
        return {
            "valid": kind(5, 3)(x), "same": kind(3, 3, padding="same", depth_multiplier=2, activation="relu")(x), "strided": kind(3, 3, strides=2, padding="same", use_bias=False)(x),
            "dilated": kind(2, 2, dilation_rate=2)(x), **({"causal": kind(3, 3, padding="causal")(x)} if kind is layers.SeparableConv1D and not zoo.is_keras3 else {}),
        }

    zoo.add("separable-conv-1d", {"x": sizes[1]}, lambda x: separable(x, layers.SeparableConv1D))
    zoo.add("separable-conv-2d", {"x": sizes[2]}, lambda x: separable(x, layers.SeparableConv2D))
    for name, kind, first in (("depthwise-conv-2d", layers.DepthwiseConv2D, (4, 9, 8)), ("depthwise-conv-1d", layers.DepthwiseConv1D, (4, 9))):
        zoo.add(f"{name}-first", {"x": first}, lambda x, kind=kind: {"y": kind(3, data_format="channels_first", depth_multiplier=2)(x), "same": kind(3, strides=2, padding="same", data_format="channels_first")(x)})
    for name, kind, first in (("separable-conv-2d", layers.SeparableConv2D, (4, 9, 8)), ("separable-conv-1d", layers.SeparableConv1D, (4, 9))):
        zoo.add(f"{name}-first", {"x": first}, lambda x, kind=kind: {"y": kind(5, 3, data_format="channels_first")(x), "same": kind(3, 3, strides=2, padding="same", data_format="channels_first")(x)})

    if zoo.has("LocallyConnected1D"):
        zoo.add("locally-connected", {"x": (7, 3), "i": (6, 5, 2)}, lambda x, i: {
            f"y{n}_{how}": layer(4, 3, implementation=how, **({} if how == 1 else {"padding": "same"}))(t)
            for n, layer, t in ((1, layers.LocallyConnected1D, x), (2, layers.LocallyConnected2D, i)) for how in (1, 2, 3)
        })
        zoo.add("locally-connected-other", {"x": (7, 3), "i": (2, 6, 5)}, lambda x, i: {
            "strided": layers.LocallyConnected1D(4, 3, strides=2, activation="relu")(x), "first": layers.LocallyConnected2D(3, (3, 2), strides=(2, 1), data_format="channels_first", use_bias=False)(i),
        })
    zoo.add("small-resnet", {"x": (16, 16, 3)}, lambda x: small_resnet(layers, x))
    zoo.add("small-unet", {"x": (16, 16, 3)}, lambda x: small_unet(layers, x))
    zoo.add("wavenet", {"x": (24, 1)}, lambda x: wavenet(layers, x))
    return zoo.table


def small_resnet(layers, x):
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)))
    for width in (8, 12):
        short = x if width == x.shape[-1] else layers.Conv2D(width, 1)(x)
        y = layers.SeparableConv2D(width, 3, padding="same")(x)
        x = layers.ReLU()(layers.Add()([short, layers.BatchNormalization()(y)]))
    return {"classes": layers.Dense(5)(layers.GlobalAveragePooling2D()(x)), "box": layers.Dense(4, activation="sigmoid")(layers.Flatten()(x))}


def small_unet(layers, x):
    a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    c = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.AveragePooling2D(2)(b))
    d = layers.Concatenate()([layers.Conv2DTranspose(8, 2, strides=2)(c), b])
    e = layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(d), a])
    return layers.Conv2D(2, 1, activation="sigmoid")(e)


def wavenet(layers, x):
    skips = []
    x = layers.Conv1D(6, 2, padding="causal")(x)
    for rate in (1, 2, 4):
        gate = layers.Multiply()([layers.Conv1D(6, 2, padding="causal", dilation_rate=rate, activation=kind)(x) for kind in ("tanh", "sigmoid")])
        skips.append(layers.Conv1D(5, 1)(gate))
        x = layers.Add()([x, layers.Conv1D(6, 1)(gate)])
    return layers.Conv1D(8, 1, activation="softmax")(layers.ReLU()(layers.Add()(skips)))

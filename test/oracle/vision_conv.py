"""Cases of convolutions: plain, depthwise, transposed, and dilated by blocks."""

import numpy as np

from vision_recorder import case, dynamic, first, grid, raw, tf, to_first, to_last


def add_convolutions():
    for size in ((7, 8), (6, 5)):
        for stride in (1, 2, 3):
            for padding in ("SAME", "VALID"):
                for dilation in (1, 2):
                    if stride > 1 and dilation > 1:
                        continue
                    x = grid(2, *size, 3)
                    w = grid(3, 2, 3, 4)
                    conv = lambda x, w=w, s=stride, p=padding, d=dilation: raw.Conv2D(
                        input=x, filter=w, strides=[1, s, s, 1], padding=p, dilations=[1, d, d, 1]
                    )
                    label = f"Conv2D {size} s{stride} {padding} d{dilation}"
                    case(label, conv, x)
                    case(label + " dynamic", conv, x, shapes=[dynamic(x, keep=(3,))])
    x, w = grid(1, 8, 9, 2), grid(3, 3, 2, 2)
    strided = lambda x, w=w: raw.Conv2D(input=x, filter=w, strides=[1, 2, 2, 1], padding="SAME", dilations=[1, 2, 3, 1])
    case("Conv2D strided and dilated", strided, x)
    case("Conv2D strided and dilated dynamic", strided, x, shapes=[dynamic(x, keep=(3,))])
    explicit = dict(filter=w, strides=[1, 2, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 2, 0, 1, 3, 0, 0])
    case("Conv2D explicit", lambda x: raw.Conv2D(input=x, **explicit), x)
    case("Conv2D explicit dynamic", lambda x: raw.Conv2D(input=x, **explicit), x, shapes=[dynamic(x, keep=(3,))])
    case("Conv2D filter as input", lambda x, f: raw.Conv2D(input=x, filter=f, strides=[1] * 4, padding="SAME"), x, w)
    grouped = grid(3, 3, 2, 6)
    x = grid(2, 5, 5, 4)
    case("Conv2D grouped", lambda x: raw.Conv2D(input=x, filter=grouped, strides=[1] * 4, padding="SAME"), x)
    x = grid(2, 6, 7, 3)
    w = grid(3, 3, 3, 2)
    for stride, padding in ((1, "SAME"), (2, "SAME"), (2, "VALID")):
        case(
            f"Conv2D NCHW s{stride} {padding}",
            lambda x, s=stride, p=padding: raw.Conv2D(
                input=x, filter=w, strides=[1, 1, s, s], padding=p, data_format="NCHW"
            ),
            first(x),
            oracle=lambda x, s=stride, p=padding: to_first(
                raw.Conv2D(input=to_last(x), filter=w, strides=[1, s, s, 1], padding=p)
            ),
        )
    case(
        "Conv2D NCHW explicit dilated",
        lambda x: raw.Conv2D(
            input=x, filter=w, strides=[1] * 4, padding="EXPLICIT", data_format="NCHW",
            dilations=[1, 1, 2, 1], explicit_paddings=[0, 0, 0, 0, 1, 2, 3, 0],
        ),
        first(x),
        oracle=lambda x: to_first(
            raw.Conv2D(
                input=to_last(x), filter=w, strides=[1] * 4, padding="EXPLICIT",
                dilations=[1, 2, 1, 1], explicit_paddings=[0, 0, 1, 2, 3, 0, 0, 0],
            )
        ),
    )
    for dtype in (np.float64, np.float16):
        x, w2 = grid(1, 4, 4, 2, dtype=dtype), grid(2, 2, 2, 3, dtype=dtype)
        case(
            f"Conv2D {np.dtype(dtype).name}",
            lambda x, w2=w2: raw.Conv2D(input=x, filter=tf.constant(w2), strides=[1] * 4, padding="SAME"),
            x,
        )

    def brain(x):
        w = tf.cast(tf.constant(w6), tf.bfloat16)
        return tf.cast(raw.Conv2D(input=tf.cast(x, tf.bfloat16), filter=w, strides=[1] * 4, padding="SAME"), tf.float32)

    w6 = grid(2, 2, 2, 3)
    case("Conv2D bfloat16 inside", brain, grid(1, 4, 4, 2))
    for size in (7, 8, 9, 10):
        x, w7 = grid(1, size, size, 2), grid(2, 2, 2, 2)
        steps = lambda x, w=w7: raw.Conv2D(input=x, filter=w, strides=[1, 4, 4, 1], padding="SAME")
        case(f"Conv2D {size} stride over the window dynamic", steps, x, shapes=[dynamic(x, keep=(3,))])
    for stride, dilation, padding in ((1, 1, "SAME"), (2, 1, "SAME"), (1, 2, "SAME"), (2, 1, "VALID"), (1, 3, "VALID")):
        for multiplier in (1, 2):
            x, w3 = grid(2, 9, 8, 3), grid(3, 3, 3, multiplier)
            conv = lambda x, w=w3, s=stride, d=dilation, p=padding: raw.DepthwiseConv2dNative(
                input=x, filter=w, strides=[1, s, s, 1], padding=p, dilations=[1, d, d, 1]
            )
            label = f"DepthwiseConv2dNative s{stride} d{dilation} {padding} m{multiplier}"
            case(label, conv, x)
            case(label + " dynamic", conv, x, shapes=[dynamic(x, keep=(3,))])
    x, w4 = grid(1, 5, 6, 2), grid(3, 3, 2, 1)
    case(
        "DepthwiseConv2dNative explicit",
        lambda x: raw.DepthwiseConv2dNative(
            input=x, filter=w4, strides=[1] * 4, padding="EXPLICIT", explicit_paddings=[0, 0, 1, 0, 2, 1, 0, 0]
        ),
        x,
    )
    for stride, padding in ((1, "SAME"), (2, "SAME"), (2, "VALID")):
        x, w5 = grid(1, 4, 5, 6, 2), grid(2, 3, 3, 2, 2)
        conv = lambda x, w=w5, s=stride, p=padding: raw.Conv3D(input=x, filter=w, strides=[1, s, s, s, 1], padding=p)
        case(f"Conv3D s{stride} {padding}", conv, x)
        case(f"Conv3D s{stride} {padding} dynamic", conv, x, shapes=[dynamic(x, keep=(4,))])
    case(
        "Conv3D dilated",
        lambda x: raw.Conv3D(input=x, filter=w5, strides=[1] * 5, padding="SAME", dilations=[1, 1, 2, 2, 1]),
        grid(1, 4, 5, 6, 2),
    )


def add_transposed():
    for kernel in (1, 2, 3, 4):
        for stride in (1, 2, 3):
            for padding in ("SAME", "VALID"):
                h, w = 3, 4
                reach = lambda n: n * stride if padding == "SAME" else (n - 1) * stride + kernel + max(stride - kernel, 0)
                f, g = grid(kernel, kernel, 2, 3), grid(2, h, w, 3)
                sizes = [2, reach(h), reach(w), 2]
                conv = lambda g, f=f, s=stride, p=padding, z=sizes: raw.Conv2DBackpropInput(
                    input_sizes=z, filter=f, out_backprop=g, strides=[1, s, s, 1], padding=p
                )
                label = f"Conv2DBackpropInput k{kernel} s{stride} {padding}"
                case(label, conv, g)
                extra = 0 if padding == "SAME" else max(kernel - stride, 0)

                def keras(g, f=f, s=stride, p=padding, e=extra):
                    shape = tf.shape(g)
                    z = tf.stack([shape[0], shape[1] * s + e, shape[2] * s + e, 2])
                    return raw.Conv2DBackpropInput(
                        input_sizes=z, filter=f, out_backprop=g, strides=[1, s, s, 1], padding=p
                    )

                case(label + " dynamic", keras, g, shapes=[dynamic(g, keep=(3,))])
    f, g = grid(3, 3, 2, 2), grid(1, 4, 3, 2)
    odd = lambda g, z: raw.Conv2DBackpropInput(input_sizes=z, filter=f, out_backprop=g, strides=[1, 2, 2, 1], padding="SAME")
    for size in ((7, 5), (8, 6), (7, 6)):
        z = np.array([1, *size, 2], np.int32)
        case(f"Conv2DBackpropInput {size} constant", lambda g, z=z: odd(g, z), g)
        case(f"Conv2DBackpropInput {size} as input", odd, g, z, shapes=[dynamic(g, keep=(3,)), [4]])
    valid = lambda g, z: raw.Conv2DBackpropInput(input_sizes=z, filter=f, out_backprop=g, strides=[1, 2, 2, 1], padding="VALID")
    case("Conv2DBackpropInput valid, larger, as input", valid, g, np.array([1, 10, 7, 2], np.int32), shapes=[dynamic(g, keep=(3,)), [4]])
    case("Conv2DBackpropInput sizes without batch", lambda g: odd(g, [8, 6]), g)
    case(
        "Conv2DBackpropInput explicit",
        lambda g: raw.Conv2DBackpropInput(
            input_sizes=[1, 7, 5, 2], filter=f, out_backprop=g, strides=[1, 2, 2, 1], padding="EXPLICIT",
            explicit_paddings=[0, 0, 1, 1, 0, 2, 0, 0],
        ),
        g,
    )
    g2 = grid(1, 5, 6, 2)
    case(
        "Conv2DBackpropInput dilated",
        lambda g: raw.Conv2DBackpropInput(
            input_sizes=[1, 5, 6, 2], filter=f, out_backprop=g, strides=[1] * 4, padding="SAME", dilations=[1, 2, 2, 1]
        ),
        g2,
    )
    case(
        "Conv2DBackpropInput NCHW",
        lambda g: raw.Conv2DBackpropInput(
            input_sizes=[1, 2, 7, 6], filter=f, out_backprop=g, strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW"
        ),
        first(g),
        oracle=lambda g: to_first(odd(to_last(g), [1, 7, 6, 2])),
    )
    for stride, padding, size in ((1, "SAME", 3), (2, "SAME", 5), (2, "SAME", 6), (2, "VALID", 7)):
        f3, g3 = grid(3, 3, 3, 2, 2), grid(1, 3, 3, 3, 2)
        case(
            f"Conv3DBackpropInputV2 s{stride} {padding} {size}",
            lambda g, f=f3, s=stride, p=padding, n=size: raw.Conv3DBackpropInputV2(
                input_sizes=[1, n, n, n, 2], filter=f, out_backprop=g, strides=[1, s, s, s, 1], padding=p
            ),
            g3,
        )


def add_dilations():
    """Dilated convolutions as older TensorFlow writes them."""

    def dilated(x, w, d, paddings, crops, conv=raw.Conv2D):
        y = raw.SpaceToBatchND(input=x, block_shape=[d, d], paddings=paddings)
        y = conv(input=y, filter=w, strides=[1] * 4, padding="VALID")
        return raw.BatchToSpaceND(input=y, block_shape=[d, d], crops=crops)

    x, w = grid(1, 7, 8, 3), grid(3, 3, 3, 2)
    case("dilated Conv2D same", lambda x: dilated(x, w, 2, [[2, 3], [2, 2]], [[0, 1], [0, 0]]), x)
    case("dilated Conv2D valid", lambda x: dilated(x, w, 2, [[0, 1], [0, 0]], [[0, 1], [0, 0]]), x)
    case("dilated Conv2D crops more than pads", lambda x: dilated(x, w, 2, [[0, 1], [0, 0]], [[1, 0], [0, 0]]), x)
    case("dilated Conv2D dynamic", lambda x: dilated(x, w, 2, [[2, 3], [2, 2]], [[0, 1], [0, 0]]), x, shapes=[dynamic(x, keep=(3,))])
    wd = grid(3, 3, 3, 2)
    case("dilated DepthwiseConv2dNative", lambda x: dilated(x, wd, 2, [[2, 3], [2, 2]], [[0, 1], [0, 0]], raw.DepthwiseConv2dNative), x)

    def dilated_1d(x):
        y = raw.SpaceToBatchND(input=x, block_shape=[3], paddings=[[6, 1]])
        y = raw.Conv2D(input=tf.expand_dims(y, 1), filter=w1, strides=[1] * 4, padding="VALID")
        return raw.BatchToSpaceND(input=tf.squeeze(y, [1]), block_shape=[3], crops=[[0, 1]])

    x1, w1 = grid(2, 8, 2), grid(1, 3, 2, 3)
    case("dilated causal Conv1D", dilated_1d, x1)
    case("dilated causal Conv1D dynamic batch", dilated_1d, x1, shapes=[[None, 8, 2]])
    w3 = grid(3, 3, 3, 4), grid(1, 1, 4, 2), grid(1, 1, 2, 4)

    def squeezed(x):
        conv = lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1] * 4, padding="SAME")
        a = conv(x, w3[0])
        mean = tf.reshape(tf.reduce_mean(a, [1, 2]), [-1, 1, 1, 4])
        return conv(a * tf.sigmoid(conv(tf.nn.relu(conv(mean, w3[1])), w3[2])), w3[1])

    case("squeeze and excitation", squeezed, x, shapes=[[None, *x.shape[1:]]])
    case("squeeze and excitation dynamic", squeezed, x, shapes=[dynamic(x, keep=(3,))])

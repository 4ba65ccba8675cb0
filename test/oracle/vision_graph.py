"""Cases of graphs in which layouts meet, and of operations that Grappler fused."""

from vision_recorder import case, dynamic, grid, raw, tf


def add_layouts():
    """Graphs in which transposes meet elementwise operations, reductions and joins."""
    w, w2 = grid(3, 3, 3, 4), grid(1, 1, 4, 4)
    x = grid(2, 6, 6, 3)
    conv = lambda x, w, s=1: raw.Conv2D(input=x, filter=w, strides=[1, s, s, 1], padding="SAME")
    vector, image = grid(4), grid(6, 6, 4)

    def residual(x):
        a = tf.nn.relu(conv(x, w) * vector + vector)
        b = tf.nn.relu6(conv(a, w2) + image)
        return conv(a + b, w2) / 3.0

    def joined(x):
        a = conv(x, w)
        b = tf.pad(a[:, 1:-1, :, 1:], [[0, 0], [1, 1], [0, 0], [0, 1]], constant_values=1.5)
        c = tf.concat([a, b, tf.ones_like(a)], 3)
        return [tf.reduce_mean(c, [1, 2]), tf.reduce_max(c, [1, 2], keepdims=True), tf.reduce_sum(c, 3), c]

    def normalized(x):
        a = conv(x, w)
        mean, variance = tf.nn.moments(a, [-1], keepdims=True)
        return conv((a - mean) * tf.math.rsqrt(variance + 1e-3), w2)

    def split(x):
        a, b = tf.split(conv(x, w), 2, axis=-1)
        return tf.where(a > b, a, tf.square(b))

    def doubled(x):
        a = conv(x, w, 2)
        a = raw.ResizeNearestNeighbor(images=a, size=[6, 6], half_pixel_centers=True)
        return conv(tf.maximum(a, tf.reduce_mean(a, [1, 2], keepdims=True)), w2)

    def shared(x):
        a = conv(x, w)
        return [a, tf.nn.relu(a), tf.reshape(a, [2, -1]), tf.transpose(a, [0, 3, 1, 2]), tf.transpose(a, [3, 0, 1, 2])]

    def bordered(x, act=tf.identity):
        a = tf.pad(act(conv(x, w)), [[0, 0], [1, 1], [1, 1], [0, 0]])
        window = dict(ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="VALID")
        wide = tf.pad(act(conv(x, w)), [[0, 0], [0, 3], [2, 0], [0, 0]])
        return [raw.MaxPool(input=a, **window), raw.AvgPool(value=a, **window), raw.MaxPool(input=wide, **window)]

    case("pad and pool", lambda x: bordered(x)[0], x)
    case("pad and average", lambda x: bordered(x)[1], x)
    case("pad more than the pool", lambda x: bordered(x)[2], x)
    case("pad and pool of positive numbers", lambda x: bordered(x, tf.nn.relu)[0], x)
    w1 = grid(3, 3, 4), grid(2, 4, 4)

    def sequence(x):
        a = tf.nn.relu(tf.nn.conv1d(x, w1[0], 1, "SAME") * vector + vector)
        a = tf.nn.max_pool1d(a, 2, 2, "VALID")
        a = tf.nn.conv1d(tf.pad(a, [[0, 0], [1, 0], [0, 0]]), w1[1], 1, "VALID") + a
        return [tf.reduce_mean(a, 1), tf.reduce_max(a, 1, keepdims=True), a]

    case("layout sequence", sequence, grid(2, 8, 3))
    case("layout sequence dynamic", sequence, grid(2, 8, 3), shapes=[[None, None, 3]])
    for fn in (residual, joined, normalized, split, doubled, shared):
        case(f"layout {fn.__name__}", fn, x)
        if fn is not shared:
            case(f"layout {fn.__name__} dynamic", fn, x, shapes=[[None, *x.shape[1:]]])


def add_fused():
    """Operations that Grappler fuses, written as it writes them."""

    def make(op, inputs, dtype=tf.float32, **attrs):
        graph = tf.compat.v1.get_default_graph()
        tensors = [tf.convert_to_tensor(each) for each in inputs]
        made = {}
        for key, value in attrs.items():
            made[key] = value
        types = dtype if isinstance(dtype, list) else [dtype]
        return graph.create_op(op, tensors, types, attrs=encode(made), name=op.strip("_")).outputs[0]

    def encode(attrs):
        result = {}
        for key, value in attrs.items():
            attr = tf.compat.v1.AttrValue()
            if isinstance(value, bool):
                attr.b = value
            elif isinstance(value, int):
                attr.i = value
            elif isinstance(value, float):
                attr.f = value
            elif isinstance(value, str):
                attr.s = value.encode()
            elif isinstance(value, tf.DType):
                attr.type = value.as_datatype_enum
            elif value and isinstance(value[0], str):
                attr.list.s.extend(each.encode() for each in value)
            elif value and isinstance(value[0], tf.DType):
                attr.list.type.extend(each.as_datatype_enum for each in value)
            else:
                attr.list.i.extend(value)
            result[key] = attr
        return result

    x, w, bias = grid(1, 5, 6, 3), grid(3, 3, 3, 2), grid(2)
    stats = [grid(2), grid(2), grid(2), grid(2, low=0.5, high=2)]
    conv = lambda x: raw.Conv2D(input=x, filter=w, strides=[1, 2, 2, 1], padding="SAME")
    acts = {
        "Relu": tf.nn.relu,
        "Relu6": tf.nn.relu6,
        "Elu": tf.nn.elu,
        "LeakyRelu": lambda x: tf.nn.leaky_relu(x, 0.25),
        "Tanh": tf.tanh,
        "Sigmoid": tf.sigmoid,
    }
    common = dict(strides=[1, 2, 2, 1], padding="SAME", T=tf.float32)
    hosts = dict(num_host_args=0)
    for name, act in acts.items():
        case(
            f"_FusedConv2D BiasAdd {name}",
            lambda x, n=name: make("_FusedConv2D", [x, w, bias], num_args=1, fused_ops=["BiasAdd", n], leakyrelu_alpha=0.25, TArgs=[tf.float32], **hosts, **common),
            x,
            oracle=lambda x, a=act: a(conv(x) + bias),
        )
    case(
        "_FusedConv2D FusedBatchNorm Relu",
        lambda x: make("_FusedConv2D", [x, w, *stats], num_args=4, fused_ops=["FusedBatchNorm", "Relu"], epsilon=0.001, TArgs=[tf.float32] * 4, **hosts, **common),
        x,
        oracle=lambda x: tf.nn.relu(raw.FusedBatchNormV3(x=conv(x), scale=stats[0], offset=stats[1], mean=stats[2], variance=stats[3], epsilon=0.001, is_training=False)[0]),
    )
    side = grid(1, 3, 3, 2)
    case(
        "_FusedConv2D BiasAdd Add Relu",
        lambda x: make("_FusedConv2D", [x, w, bias, side], num_args=2, fused_ops=["BiasAdd", "Add", "Relu"], TArgs=[tf.float32] * 2, **hosts, **common),
        x,
        oracle=lambda x: tf.nn.relu(conv(x) + bias + side),
    )
    wd = grid(3, 3, 3, 1)
    b3 = grid(3)
    case(
        "_FusedDepthwiseConv2dNative",
        lambda x: make("_FusedDepthwiseConv2dNative", [x, wd, b3], num_args=1, fused_ops=["BiasAdd", "Relu6"], **common),
        x,
        oracle=lambda x: tf.nn.relu6(raw.DepthwiseConv2dNative(input=x, filter=wd, strides=[1, 2, 2, 1], padding="SAME") + b3),
    )
    y, more = grid(2, 3, 4, 4), grid(2, 3, 4, 4)
    four = [grid(4), grid(4), grid(4), grid(4, low=0.5, high=2)]
    plain = lambda y: raw.FusedBatchNormV3(x=y, scale=four[0], offset=four[1], mean=four[2], variance=four[3], epsilon=0.001, is_training=False)[0]
    for mode, act in (("Identity", tf.identity), ("Relu", tf.nn.relu)):
        for extra in ([], [more]):
            case(
                f"_FusedBatchNormEx {mode} {len(extra)}",
                lambda y, m=mode, s=extra: make(
                    "_FusedBatchNormEx", [y, *four, *s], dtype=[tf.float32] * 6, T=tf.float32, U=tf.float32, epsilon=0.001,
                    exponential_avg_factor=1.0, num_side_inputs=len(s), activation_mode=m, data_format="NHWC", is_training=False,
                ),
                y,
                oracle=lambda y, a=act, s=extra: a(plain(y) + s[0] if s else plain(y)),
            )
    m, k = grid(3, 4), grid(2, 4)
    case(
        "_FusedMatMul",
        lambda x: make("_FusedMatMul", [x, k, bias], T=tf.float32, num_args=1, transpose_b=True, fused_ops=["BiasAdd", "Tanh"]),
        m,
        oracle=lambda x: tf.tanh(tf.matmul(x, k, transpose_b=True) + bias),
    )
    for name, act in (("GeluExact", False), ("GeluApproximate", True)):
        case(
            f"_FusedMatMul {name}",
            lambda x, n=name: make("_FusedMatMul", [x, k, bias], T=tf.float32, num_args=1, transpose_b=True, fused_ops=["BiasAdd", n]),
            m,
            oracle=lambda x, a=act: tf.nn.gelu(tf.matmul(x, k, transpose_b=True) + bias, approximate=a),
        )

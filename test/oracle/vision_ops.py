"""Records what TensorFlow answers for single vision operations, over their attributes.

    python vision_ops.py OUT.json.gz

Each case is a SavedModel of a few nodes (bytes of saved_model.pb), inputs and TensorFlow's outputs. Values lie on
a coarse grid, so that the file is small. Where TensorFlow's CPU build has no kernel (NCHW, fused operations), the
answer comes from an equal graph that it has.
"""

import base64
import gzip
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

raw = tf.raw_ops
CASES = []
RNG = np.random.default_rng(20240607)


def grid(*shape, low=-2.0, high=2.0, dtype=np.float32):
    """Multiples of 1/32 in [low, high]."""
    return (np.round(RNG.uniform(low, high, shape) * 32) / 32).astype(dtype)


def case(name, fn, *arrays, shapes=None, oracle=None):
    """fn maps placeholders to an output or a list of them; shapes replaces declared dimensions by None."""
    CASES.append((name, fn, arrays, shapes or [a.shape for a in arrays], oracle))


def run(fn, arrays, shapes):
    graph = tf.Graph()
    with graph.as_default():
        holders = [
            tf.compat.v1.placeholder(a.dtype, s, name=f"x{i}") for i, (a, s) in enumerate(zip(arrays, shapes))
        ]
        made = fn(*holders)
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        outputs = [tf.identity(value, name=f"y{i}") for i, value in enumerate(made)]
    return graph, holders, outputs


def answer(graph, holders, outputs, arrays):
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    # TensorFlow's own rewrites are off: one of them turns maximum(x + x, x) into x.
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        return session.run(outputs, dict(zip(holders, arrays)))


def model_bytes(graph, holders, outputs):
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta = model.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = tf.__version__
    meta.meta_info_def.stripped_default_attrs = False
    meta.graph_def.CopyFrom(graph.as_graph_def())
    signature = meta.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for group, tensors in ((signature.inputs, holders), (signature.outputs, outputs)):
        for tensor in tensors:
            info = group[tensor.op.name]
            info.name = tensor.name
            info.dtype = tensor.dtype.as_datatype_enum
            info.tensor_shape.CopyFrom(tensor.shape.as_proto())
    return model.SerializeToString(deterministic=True)


def write_tensor(array):
    name = "bfloat16" if array.dtype == tf.bfloat16.as_numpy_dtype else str(array.dtype)
    return {"dtype": name, "shape": list(array.shape), "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def record(name, fn, arrays, shapes, oracle):
    graph, holders, outputs = run(fn, arrays, shapes)
    if oracle is None:
        answers = answer(graph, holders, outputs, arrays)
    else:
        answers = answer(*run(oracle, arrays, [a.shape for a in arrays]), arrays)
    return {
        "name": name,
        "model_b64": base64.b64encode(model_bytes(graph, holders, outputs)).decode(),
        "inputs": {f"x{i}": write_tensor(a) for i, a in enumerate(arrays)},
        "outputs": {f"y{i}": write_tensor(np.asarray(a)) for i, a in enumerate(answers)},
    }


def dynamic(array, keep=()):
    return [size if axis in keep else None for axis, size in enumerate(array.shape)]


def to_first(x):
    return tf.transpose(x, [0, x.shape.rank - 1, *range(1, x.shape.rank - 1)])


def to_last(x):
    return tf.transpose(x, [0, *range(2, x.shape.rank), 1])


def first(array):
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


# --- convolutions -----------------------------------------------------------------------------------------------


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


def add_pools():
    for op, arg in ((raw.MaxPool, "input"), (raw.AvgPool, "value")):
        for size in ((6, 7), (5, 5)):
            for k, s, padding in ((2, 2, "VALID"), (3, 2, "SAME"), (3, 1, "SAME"), (2, 3, "SAME")):
                x = grid(2, *size, 3)
                pool = lambda x, op=op, arg=arg, k=k, s=s, p=padding: op(
                    **{arg: x}, ksize=[1, k, k, 1], strides=[1, s, s, 1], padding=p
                )
                case(f"{op.__name__} {size} k{k} s{s} {padding}", pool, x)
                case(f"{op.__name__} {size} k{k} s{s} {padding} dynamic", pool, x, shapes=[dynamic(x, keep=(3,))])
        for size in (7, 8, 9, 10):
            x = grid(1, size, size, 2)
            steps = lambda x, op=op, arg=arg: op(**{arg: x}, ksize=[1, 2, 2, 1], strides=[1, 4, 4, 1], padding="SAME")
            case(f"{op.__name__} {size} stride over the window dynamic", steps, x, shapes=[dynamic(x, keep=(3,))])
    x = grid(1, 6, 5, 3)
    for op, arg in ((raw.MaxPool, "input"), (raw.AvgPool, "value")):
        case(
            f"{op.__name__} NCHW",
            lambda x, op=op, arg=arg: op(**{arg: x}, ksize=[1, 1, 3, 2], strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW"),
            first(x),
            oracle=lambda x, op=op, arg=arg: to_first(op(**{arg: to_last(x)}, ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="SAME")),
        )
        for dtype in (np.float64, np.float16):
            case(
                f"{op.__name__} {np.dtype(dtype).name}",
                lambda x, op=op, arg=arg: op(**{arg: x}, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
                x.astype(dtype),
            )
    case(
        "MaxPool explicit",
        lambda x: raw.MaxPool(
            input=x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0]
        ),
        x,
    )
    for dtype in (np.int32, np.uint8, np.int8, np.int16, np.int64):
        ints = RNG.integers(0, 100, (1, 4, 5, 2)).astype(dtype)
        case(f"MaxPool {np.dtype(dtype).name}", lambda x: raw.MaxPool(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"), ints)
    case("MaxPool over channels", lambda x: raw.MaxPool(input=x, ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID"), grid(2, 3, 3, 4))
    case("MaxPoolV2", lambda x: raw.MaxPoolV2(input=x, ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding="SAME"), x)
    v = grid(1, 4, 5, 6, 2)
    for padding in ("SAME", "VALID"):
        window = dict(ksize=[1, 2, 3, 2, 1], strides=[1, 2, 2, 2, 1], padding=padding)
        for op in (raw.MaxPool3D, raw.AvgPool3D):
            case(f"{op.__name__} {padding}", lambda x, op=op, w=window: op(input=x, **w), v)
            case(f"{op.__name__} {padding} dynamic", lambda x, op=op, w=window: op(input=x, **w), v, shapes=[dynamic(v, keep=(4,))])
    # Distinct values: which of two equal maxima is meant is not part of the contract.
    distinct = RNG.permutation(2 * 5 * 6 * 3).reshape(2, 5, 6, 3).astype(np.float32)
    for padding in ("SAME", "VALID"):
        for batch in (False, True):
            for target in (tf.int64, tf.int32):
                pool = lambda x, p=padding, b=batch, t=target: list(
                    raw.MaxPoolWithArgmax(
                        input=x, ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding=p, include_batch_in_index=b, Targmax=t
                    )
                )
                label = f"MaxPoolWithArgmax {padding} batch={batch} {target.name}"
                case(label, pool, distinct)
                case(label + " dynamic", pool, distinct, shapes=[dynamic(distinct)])


def add_norms():
    x = grid(2, 3, 4, 3)
    scale, offset, mean = grid(3), grid(3), grid(3)
    variance = grid(3, low=0.25, high=2)
    for version, op in ((1, raw.FusedBatchNorm), (2, raw.FusedBatchNormV2), (3, raw.FusedBatchNormV3)):
        given = dict(scale=scale, offset=offset, mean=mean, variance=variance, epsilon=1e-3, is_training=False)
        case(f"FusedBatchNorm V{version}", lambda x, op=op, g=given: op(x=x, **g)[0], x)
        case(f"FusedBatchNorm V{version} dynamic", lambda x, op=op, g=given: op(x=x, **g)[0], x, shapes=[dynamic(x, keep=(3,))])
        empty = np.zeros(0, np.float32)
        trained = dict(scale=scale, offset=offset, mean=empty, variance=empty, epsilon=1e-3, is_training=True)
        case(f"FusedBatchNorm V{version} training", lambda x, op=op, g=trained: list(op(x=x, **g)[:3]), x)
    case("FusedBatchNorm V3 all outputs", lambda x: list(raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=1e-3, is_training=False)[:3]), x)
    case(
        "FusedBatchNorm V3 training, running average",
        lambda x: list(raw.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=True, exponential_avg_factor=0.25
        )[:3]),
        x,
    )
    case(
        "FusedBatchNorm V3 NCHW",
        lambda x: raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False, data_format="NCHW")[0],
        first(x),
        oracle=lambda x: to_first(raw.FusedBatchNormV3(x=to_last(x), scale=scale, offset=offset, mean=mean, variance=variance, is_training=False)[0]),
    )
    case(
        "FusedBatchNorm V3 NCHW training",
        lambda x: raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=[], variance=[], is_training=True, data_format="NCHW")[0],
        first(x),
        oracle=lambda x: to_first(raw.FusedBatchNormV3(x=to_last(x), scale=scale, offset=offset, mean=[], variance=[], is_training=True)[0]),
    )
    volume = grid(2, 2, 3, 4, 3)
    case("FusedBatchNorm V3 NDHWC", lambda x: raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False, data_format="NDHWC")[0], volume)
    case("FusedBatchNorm V3 NDHWC training", lambda x: raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=[], variance=[], is_training=True, data_format="NDHWC")[0], volume)
    half = x.astype(np.float16)
    case("FusedBatchNorm V3 half", lambda x: raw.FusedBatchNormV3(x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False)[0], half)
    x6 = grid(2, 3, 3, 6)
    for radius, bias, alpha, beta in ((5, 1, 1, 0.5), (1, 2, 0.25, 0.75), (0, 1, 0.5, 0.5)):
        case(
            f"LRN r{radius} {bias} {alpha} {beta}",
            lambda x, r=radius, b=bias, a=alpha, e=beta: raw.LRN(input=x, depth_radius=r, bias=b, alpha=a, beta=e),
            x6,
        )
    bias = grid(3)
    case("BiasAdd", lambda x: raw.BiasAdd(value=x, bias=bias), x)
    case("BiasAdd rank 2", lambda x: raw.BiasAdd(value=x, bias=bias), grid(4, 3))
    case("BiasAdd rank 5", lambda x: raw.BiasAdd(value=x, bias=bias), grid(1, 2, 2, 2, 3))
    case("BiasAdd NCHW", lambda x: raw.BiasAdd(value=x, bias=bias, data_format="NCHW"), first(x))
    case("BiasAdd NCHW rank 3", lambda x: raw.BiasAdd(value=x, bias=bias, data_format="NCHW"), grid(2, 3, 4))
    case("BiasAdd NCHW bias as input", lambda x, b: raw.BiasAdd(value=x, bias=b, data_format="NCHW"), first(x), bias)
    case("BiasAdd int32", lambda x: raw.BiasAdd(value=x, bias=tf.constant([1, 2, 3])), RNG.integers(-9, 9, (2, 3)).astype(np.int32))
    case("BiasAddV1", lambda x: raw.BiasAddV1(value=x, bias=bias), x)


def add_resizes():
    rules = (("legacy", {}), ("corners", {"align_corners": True}), ("half", {"half_pixel_centers": True}))
    ops = (raw.ResizeBilinear, raw.ResizeNearestNeighbor, raw.ResizeBicubic)
    sizes = (((4, 5), (8, 10)), ((7, 6), (3, 4)), ((5, 4), (5, 4)), ((3, 14), (1, 10)), ((6, 4), (7, 11)))
    for op in ops:
        for label, rule in rules:
            for source, target in sizes:
                x = grid(2, *source, 2)
                resize = lambda x, z, op=op, rule=rule: op(images=x, size=z, **rule)
                name = f"{op.__name__} {label} {source} to {target}"
                case(name, lambda x, t=target, f=resize: f(x, tf.constant(t)), x)
                case(name + " dynamic", resize, x, np.array(target, np.int32), shapes=[dynamic(x, keep=(3,)), [2]])
            x = grid(1, 3, 4, 2)
            double = lambda x, op=op, rule=rule: op(images=x, size=tf.shape(x)[1:3] * 2, **rule)
            case(f"{op.__name__} {label} doubled dynamic", double, x, shapes=[dynamic(x, keep=(3,))])
            for dtype in (np.uint8, np.int32, np.float64):
                y = RNG.integers(0, 200, (1, 4, 4, 1)).astype(dtype)
                case(f"{op.__name__} {label} {np.dtype(dtype).name}", lambda x, f=op, r=rule: f(images=x, size=[6, 7], **r), y)
    for label, rule in rules[:2]:
        for source, target in sizes:
            x = grid(2, *source, 2)
            case(f"ResizeArea {label} {source} to {target}", lambda x, t=target, r=rule: raw.ResizeArea(images=x, size=t, **r), x)
    for source, target in sizes:
        x = grid(1, *source, 2)
        area = lambda x, z: raw.ResizeArea(images=x, size=z)
        case(f"ResizeArea {source} to {target} dynamic", area, x, np.array(target, np.int32), shapes=[dynamic(x), [2]])
    case("ResizeArea uint8", lambda x: raw.ResizeArea(images=x, size=[3, 3]), RNG.integers(0, 200, (1, 5, 6, 3)).astype(np.uint8))


def add_spaces():
    x = grid(2, 4, 6, 8)
    for dtype in (np.float32, np.int32, np.float64, np.uint8):
        y = (x + 4).astype(dtype)
        case(f"SpaceToDepth {np.dtype(dtype).name}", lambda x: raw.SpaceToDepth(input=x, block_size=2), y)
        case(f"DepthToSpace {np.dtype(dtype).name}", lambda x: raw.DepthToSpace(input=x, block_size=2), y)
    case("SpaceToDepth dynamic", lambda x: raw.SpaceToDepth(input=x, block_size=2), x, shapes=[dynamic(x)])
    case("DepthToSpace dynamic", lambda x: raw.DepthToSpace(input=x, block_size=2), x, shapes=[dynamic(x)])
    case(
        "SpaceToDepth NCHW",
        lambda x: raw.SpaceToDepth(input=x, block_size=2, data_format="NCHW"),
        first(x),
        oracle=lambda x: to_first(raw.SpaceToDepth(input=to_last(x), block_size=2)),
    )
    case(
        "DepthToSpace NCHW",
        lambda x: raw.DepthToSpace(input=x, block_size=2, data_format="NCHW"),
        first(x),
        oracle=lambda x: to_first(raw.DepthToSpace(input=to_last(x), block_size=2)),
    )
    x = grid(2, 5, 7, 3)
    to_batch = lambda x, p: raw.SpaceToBatchND(input=x, block_shape=[2, 3], paddings=p)
    case("SpaceToBatchND", lambda x: to_batch(x, [[1, 0], [1, 1]]), x)
    case("SpaceToBatchND dynamic", to_batch, x, np.array([[0, 1], [2, 0]], np.int32), shapes=[dynamic(x), [2, 2]])
    case("SpaceToBatchND 1-D", lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[0, 1]]), grid(2, 5, 3))
    case("SpaceToBatchND rank 2", lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[2, 0]]), grid(2, 4))
    case("SpaceToBatchND int64", lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[2, 0]]), RNG.integers(0, 9, (2, 4)))
    b = grid(12, 3, 2, 2)
    from_batch = lambda x, c: raw.BatchToSpaceND(input=x, block_shape=[2, 3], crops=c)
    case("BatchToSpaceND", lambda x: from_batch(x, [[1, 0], [1, 2]]), b)
    case("BatchToSpaceND dynamic", from_batch, b, np.array([[0, 1], [0, 0]], np.int32), shapes=[dynamic(b), [2, 2]])
    case("SpaceToBatch", lambda x: raw.SpaceToBatch(input=x, block_size=2, paddings=[[1, 0], [0, 1]]), x)
    case("BatchToSpace", lambda x: raw.BatchToSpace(input=x, block_size=2, crops=[[1, 0], [0, 1]]), grid(4, 3, 3, 2))


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


def add_quantized():
    x = np.concatenate([grid(40, low=-8, high=8), np.linspace(-7, 7, 57, dtype=np.float32)])
    for bits in (8, 4, 16):
        for narrow in (False, True):
            settings = dict(num_bits=bits, narrow_range=narrow)
            for low, high in ((-6.0, 6.0), (0.0, 5.5), (-1.3, 2.7)):
                case(
                    f"FakeQuantWithMinMaxArgs {bits} {narrow} {low} {high}",
                    lambda x, s=settings, a=low, b=high: raw.FakeQuantWithMinMaxArgs(inputs=x, min=a, max=b, **s),
                    x,
                )
                case(
                    f"FakeQuantWithMinMaxVars {bits} {narrow} {low} {high}",
                    lambda x, a, b, s=settings: raw.FakeQuantWithMinMaxVars(inputs=x, min=a, max=b, **s),
                    x, np.float32(low), np.float32(high),
                )
    case("FakeQuantWithMinMaxVars empty range", lambda x: raw.FakeQuantWithMinMaxVars(inputs=x, min=0.0, max=0.0), x)
    m = x[:96].reshape(-1, 3)
    case(
        "FakeQuantWithMinMaxVarsPerChannel",
        lambda x: raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=[-1.0, 0.0, -6.0], max=[1.5, 0.0, 3.0]),
        m,
    )
    for signed in (True, False):
        for given in (True, False):
            for narrow in (False, True):
                for mode in ("HALF_TO_EVEN", "HALF_UP"):
                    settings = dict(signed_input=signed, num_bits=8, range_given=given, narrow_range=narrow, round_mode=mode)
                    case(
                        f"QuantizeAndDequantizeV2 {signed} {given} {narrow} {mode}",
                        lambda x, s=settings: raw.QuantizeAndDequantizeV2(input=x, input_min=-2.5, input_max=4.0, **s),
                        x,
                    )
    case("QuantizeAndDequantizeV2 min side", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=-6.0, input_max=1.0, range_given=True), x)
    case(
        "QuantizeAndDequantizeV3 per channel",
        lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=[-1.0, -2.0, -3.0], input_max=[2.0, 1.0, 3.0], num_bits=8, range_given=True, axis=1),
        m,
    )
    case("QuantizeAndDequantizeV2 per row of data", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=[0.0] * 32, input_max=[0.0] * 32, axis=0), m)
    case("QuantizeAndDequantizeV3", lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=-3.0, input_max=3.0, num_bits=6, range_given=True), x)
    case("QuantizeAndDequantizeV3 range of data", lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=0.0, input_max=0.0, num_bits=8, range_given=False), x)
    case("QuantizeAndDequantizeV4", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=-3.0, input_max=3.0, num_bits=8, range_given=True), x)
    case("QuantizeAndDequantizeV4 double", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=tf.constant(-3.0, tf.float64), input_max=tf.constant(3.0, tf.float64), range_given=True), x.astype(np.float64))


def add_images():
    x = grid(2, 7, 8, 2)
    for padding in ("VALID", "SAME"):
        for rate in (1, 2):
            patches = lambda x, p=padding, r=rate: raw.ExtractImagePatches(
                images=x, ksizes=[1, 3, 2, 1], strides=[1, 2, 3, 1], rates=[1, r, r, 1], padding=p
            )
            case(f"ExtractImagePatches {padding} r{rate}", patches, x)
            case(f"ExtractImagePatches {padding} r{rate} dynamic", patches, x, shapes=[dynamic(x, keep=(3,))])
            case(f"ExtractImagePatches {padding} r{rate} all dynamic", patches, x, shapes=[dynamic(x)])
    case(
        "ExtractImagePatches int32",
        lambda x: raw.ExtractImagePatches(images=x, ksizes=[1, 2, 2, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME"),
        RNG.integers(0, 99, (1, 4, 4, 1)).astype(np.int32),
    )


def add_colors():
    x = np.concatenate([grid(2, 4, 5, 3, low=0, high=1), np.zeros((2, 1, 5, 3), np.float32), np.full((2, 1, 5, 3), 0.5, np.float32)], 1)
    for dtype in (np.float32, np.float64):
        case(f"RGBToHSV {np.dtype(dtype).name}", lambda x: raw.RGBToHSV(images=x), x.astype(dtype))
        case(f"HSVToRGB {np.dtype(dtype).name}", lambda x: raw.HSVToRGB(images=x), x.astype(dtype))
    case("RGBToHSV rank 1", lambda x: raw.RGBToHSV(images=x), x[0, 0, 0])
    for delta in (0.0, 0.1, -0.35, 1.0):
        case(f"AdjustHue {delta}", lambda x, d=delta: raw.AdjustHue(images=x, delta=d), x)
        case(f"AdjustSaturation {delta}", lambda x, d=delta: raw.AdjustSaturation(images=x, scale=1 + 2 * d), x)
        case(f"AdjustContrastv2 {delta}", lambda x, d=delta: raw.AdjustContrastv2(images=x, contrast_factor=1 + 2 * d), x)
    case("AdjustHue dynamic", lambda x, d: raw.AdjustHue(images=x, delta=d), x, np.float32(0.25), shapes=[dynamic(x), []])
    case("AdjustContrastv2 rank 3", lambda x: raw.AdjustContrastv2(images=x, contrast_factor=0.5), x[0])
    case("AdjustContrastv2 rank 5", lambda x: raw.AdjustContrastv2(images=x, contrast_factor=0.5), x[None])


def add_crops():
    x = grid(2, 6, 7, 3)
    boxes = np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [-0.3, 0.5, 0.6, 1.4], [0.8, 0.1, 0.2, 0.6], [0.5, 0.5, 0.5, 0.5]], np.float32)
    index = np.array([0, 1, 1, 0, 1], np.int32)
    for method in ("bilinear", "nearest"):
        for size in ((3, 4), (1, 1), (9, 8)):
            crop = lambda x, b, i, m=method, z=size: raw.CropAndResize(image=x, boxes=b, box_ind=i, crop_size=z, method=m, extrapolation_value=-1.5)
            case(f"CropAndResize {method} {size}", crop, x, boxes, index)
        case(f"CropAndResize {method} dynamic", lambda x, b, i, z, m=method: raw.CropAndResize(image=x, boxes=b, box_ind=i, crop_size=z, method=m), x, boxes, index, np.array([4, 5], np.int32), shapes=[dynamic(x), [None, 4], [None], [2]])
    case("CropAndResize uint8", lambda x, b, i: raw.CropAndResize(image=x, boxes=b, box_ind=i, crop_size=[3, 3]), RNG.integers(0, 255, (2, 5, 5, 1)).astype(np.uint8), boxes, index)
    kernels = ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic")
    for kernel in kernels:
        for antialias in (True, False):
            for source, target in (((6, 7), (4, 10)), ((12, 9), (5, 3))):
                image = grid(1, *source, 2)
                scale = np.array([target[0] / source[0], target[1] / source[1]], np.float32)
                resample = lambda x, z, s, t, k=kernel, a=antialias: raw.ScaleAndTranslate(images=x, size=z, scale=s, translation=t, kernel_type=k, antialias=a)
                label = f"ScaleAndTranslate {kernel} {antialias} {source}"
                case(label, lambda x, f=resample, z=target, s=scale: f(x, z, s, [0.0, 0.0]), image)
        moved = lambda x, z, s, t, k=kernel: raw.ScaleAndTranslate(images=x, size=z, scale=s, translation=t, kernel_type=k)
        case(f"ScaleAndTranslate {kernel} moved", moved, x, np.array([8, 9], np.int32), np.array([0.7, 1.3], np.float32), np.array([1.6, -3.2], np.float32), shapes=[dynamic(x, keep=(3,)), [2], [2], [2]])
    antialiased = lambda x: tf.image.resize(x, [3, 4], antialias=True)
    case("tf.image.resize antialias", antialiased, x, shapes=[dynamic(x, keep=(3,))])
    transforms = np.array([[0.9, 0.3, -0.7, -0.2, 1.1, 0.4, 0.01, -0.02], [1.4, 0.0, 2.3, 0.2, -0.8, 5.1, 0.0, 0.0]], np.float32)
    for fill in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
        for interpolation in ("NEAREST", "BILINEAR"):
            project = lambda x, t, f=fill, i=interpolation: raw.ImageProjectiveTransformV3(
                images=x, transforms=t, output_shape=[8, 9], fill_value=0.75, interpolation=i, fill_mode=f
            )
            case(f"ImageProjectiveTransformV3 {fill} {interpolation}", project, x, transforms)
            case(f"ImageProjectiveTransformV3 {fill} {interpolation} one for all dynamic", project, x, transforms[:1] * 3 - 1, shapes=[dynamic(x), [None, 8]])
            v2 = lambda x, t, z, f=fill, i=interpolation: raw.ImageProjectiveTransformV2(images=x, transforms=t, output_shape=z, interpolation=i, fill_mode=f)
            case(f"ImageProjectiveTransformV2 {fill} {interpolation}", v2, x, transforms, np.array([4, 3], np.int32))
    case("ImageProjectiveTransformV3 uint8", lambda x, t: raw.ImageProjectiveTransformV3(images=x, transforms=t, output_shape=[6, 6], fill_value=7.0, interpolation="NEAREST"), RNG.integers(0, 255, (2, 5, 5, 1)).astype(np.uint8), transforms)


def write(path):
    """Runs every case and writes what came out."""
    cases = []
    for each in CASES:
        try:
            cases.append(record(*each))
        except Exception as error:  # A combination that TensorFlow itself refuses is no case.
            print(f"{each[0]}: {' '.join(str(error).split())[:400]}", file=sys.stderr)
    with open(path, "wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0) as zipped:
            zipped.write(json.dumps({"tensorflow": tf.__version__, "cases": cases}).encode())
    print(f"{len(cases)} of {len(CASES)} cases")



def main():
    for add in (
        add_convolutions, add_transposed, add_pools, add_norms, add_resizes, add_spaces, add_dilations, add_layouts,
        add_fused, add_quantized, add_images, add_colors, add_crops,
    ):
        add()
    write(sys.argv[1])


if __name__ == "__main__":
    main()

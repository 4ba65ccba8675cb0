"""Cases of pooling and normalisation."""

import numpy as np

from vision_recorder import case, dynamic, first, grid, integers, permutation, raw, tf, to_first, to_last


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
        ints = integers(0, 100, (1, 4, 5, 2)).astype(dtype)
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
    distinct = permutation(2 * 5 * 6 * 3).reshape(2, 5, 6, 3).astype(np.float32)
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
    case("BiasAdd int32", lambda x: raw.BiasAdd(value=x, bias=tf.constant([1, 2, 3])), integers(-9, 9, (2, 3)).astype(np.int32))
    case("BiasAddV1", lambda x: raw.BiasAddV1(value=x, bias=bias), x)

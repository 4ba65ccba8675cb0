"""Cases of images: resizing, blocks, patches, colours, crops, resampling."""

import numpy as np

from vision_recorder import case, dynamic, first, grid, integers, raw, tf, to_first, to_last


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
                y = integers(0, 200, (1, 4, 4, 1)).astype(dtype)
                case(f"{op.__name__} {label} {np.dtype(dtype).name}", lambda x, f=op, r=rule: f(images=x, size=[6, 7], **r), y)
    for label, rule in rules[:2]:
        for source, target in sizes:
            x = grid(2, *source, 2)
            case(f"ResizeArea {label} {source} to {target}", lambda x, t=target, r=rule: raw.ResizeArea(images=x, size=t, **r), x)
    for source, target in sizes:
        x = grid(1, *source, 2)
        area = lambda x, z: raw.ResizeArea(images=x, size=z)
        case(f"ResizeArea {source} to {target} dynamic", area, x, np.array(target, np.int32), shapes=[dynamic(x), [2]])
    case("ResizeArea uint8", lambda x: raw.ResizeArea(images=x, size=[3, 3]), integers(0, 200, (1, 5, 6, 3)).astype(np.uint8))


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
    case("SpaceToBatchND int64", lambda x: raw.SpaceToBatchND(input=x, block_shape=[2], paddings=[[2, 0]]), integers(0, 9, (2, 4)))
    b = grid(12, 3, 2, 2)
    from_batch = lambda x, c: raw.BatchToSpaceND(input=x, block_shape=[2, 3], crops=c)
    case("BatchToSpaceND", lambda x: from_batch(x, [[1, 0], [1, 2]]), b)
    case("BatchToSpaceND dynamic", from_batch, b, np.array([[0, 1], [0, 0]], np.int32), shapes=[dynamic(b), [2, 2]])
    case("SpaceToBatch", lambda x: raw.SpaceToBatch(input=x, block_size=2, paddings=[[1, 0], [0, 1]]), x)
    case("BatchToSpace", lambda x: raw.BatchToSpace(input=x, block_size=2, crops=[[1, 0], [0, 1]]), grid(4, 3, 3, 2))


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
        integers(0, 99, (1, 4, 4, 1)).astype(np.int32),
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
    case("CropAndResize uint8", lambda x, b, i: raw.CropAndResize(image=x, boxes=b, box_ind=i, crop_size=[3, 3]), integers(0, 255, (2, 5, 5, 1)).astype(np.uint8), boxes, index)
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
    case("ImageProjectiveTransformV3 uint8", lambda x, t: raw.ImageProjectiveTransformV3(images=x, transforms=t, output_shape=[6, 6], fill_value=7.0, interpolation="NEAREST"), integers(0, 255, (2, 5, 5, 1)).astype(np.uint8), transforms)

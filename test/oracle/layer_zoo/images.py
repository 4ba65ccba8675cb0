"""Image preprocessing, augmentation as inference leaves it (without `training=False` Keras 3 exports it as random), and audio."""

import numpy as np

from builder import Zoo

# Every layer that changes images in training only: the arguments they can be made with.
AUGMENTING = {
    "AugMix": {}, "RandAugment": {}, "RandomBrightness": {"factor": 0.3}, "RandomColorDegeneration": {"factor": 0.3}, "RandomColorJitter": {"brightness_factor": 0.2}, "RandomContrast": {"factor": 0.2}, "RandomElasticTransform": {},
    "RandomErasing": {}, "RandomFlip": {}, "RandomGaussianBlur": {}, "RandomGrayscale": {}, "RandomHue": {"factor": 0.3}, "RandomInvert": {}, "RandomPerspective": {}, "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.2}, "RandomSaturation": {"factor": 0.3}, "RandomSharpness": {"factor": 0.3}, "RandomShear": {"x_factor": 0.3}, "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2}, "RandomHeight": {"factor": 0.2}, "RandomWidth": {"factor": 0.2}, "MixUp": {}, "CutMix": {},
}
# These work in exports too.
CHANGING = {"AutoContrast": {"value_range": (0, 255)}, "Equalization": {"value_range": (0, 255)}, "Solarization": {"addition_factor": 0.0, "threshold_factor": 0.5, "value_range": (0, 255)}, "ContrastLimitedAdaptiveHistogramEqualization": {"value_range": (0, 255)}}


def pixels(rng, batch, *size):
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    planes = [120 + 100 * np.sin(x / (2 + c) + rng.uniform(0, 3)) * np.cos(y / (3 + c)) for c in range(size[2])]
    return np.clip(np.stack(planes, -1)[None] + rng.normal(0, 8, (batch, *size)), 0, 255).astype(np.float32)


def changed(zoo, layer, x):
    """In a function: some of these are no part of a model when they are called on its symbolic tensors."""
    return zoo.keras.layers.Lambda(lambda t: layer(t), output_shape=x.shape[1:])(x * 1.0)


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    size = (9, 12, 3)

    def image(rng, batch):
        return {"x": pixels(rng, batch, *size)}

    kinds = ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"] + ([] if zoo.is_keras3 else ["area", "gaussian", "mitchellcubic"])
    zoo.add("resizing", {"x": size}, lambda x: {f"{kind}_{h}": layers.Resizing(h, w, interpolation=kind)(x) for kind in kinds for h, w in ((6, 7), (14, 20))}, image)
    zoo.add("resizing-other", {"x": size}, lambda x: {
        "cropped": layers.Resizing(6, 6, crop_to_aspect_ratio=True)(x), "cropped_tall": layers.Resizing(16, 5, crop_to_aspect_ratio=True)(x), "scaled": layers.Rescaling(1 / 127.5, offset=-1)(layers.Resizing(8, 8)(x)),
        **({"padded": layers.Resizing(10, 10, pad_to_aspect_ratio=True)(x), "padded_wide": layers.Resizing(5, 20, pad_to_aspect_ratio=True, fill_value=7.0)(x), "antialiased": layers.Resizing(4, 5, antialias=True)(x),
            "antialiased_cubic": layers.Resizing(4, 5, antialias=True, interpolation="bicubic")(x)} if zoo.is_keras3 else {}),
    }, image)
    zoo.add("resizing-free", {"x": (None, None, 3)}, lambda x: {"y": layers.Resizing(6, 7)(x), "nearest": layers.Resizing(6, 7, interpolation="nearest")(x), "middle": layers.CenterCrop(4, 5)(x)},
            lambda rng, batch: {"x": pixels(rng, batch, 8 + batch, 11, 3)})
    zoo.add("resizing-bytes", {"x": (size, "uint8")}, lambda x: {"y": layers.Resizing(6, 7)(x), "scaled": layers.Rescaling(1 / 255)(x), "middle": layers.CenterCrop(4, 5)(x)},
            lambda rng, batch: {"x": pixels(rng, batch, *size).astype(np.uint8)})
    zoo.add("center-crop", {"x": size}, lambda x: {
        "smaller": layers.CenterCrop(5, 6)(x), "odd": layers.CenterCrop(4, 5)(x), "same": layers.CenterCrop(9, 12)(x), "larger": layers.CenterCrop(12, 16)(x), "mixed": layers.CenterCrop(5, 16)(x), "rescaled": layers.Rescaling([1.0, 0.5, 2.0], [0.0, 1.0, -1.0])(x),
    }, image)
    zoo.add("random-crop", {"x": size}, lambda x: {"smaller": layers.RandomCrop(5, 6)(x, training=False), "larger": layers.RandomCrop(12, 10)(x, training=False)}, image)

    def augmented(x):
        return {name: layers.Rescaling(2.0)(getattr(layers, name)(**options)(x, training=False)) for name, options in AUGMENTING.items() if zoo.has(name) and name not in ("MixUp", "CutMix")}

    zoo.add("augmenting", {"x": size}, augmented, image)
    if zoo.has("Pipeline"):
        zoo.add("augmenting-pipeline", {"x": size}, lambda x: {
            "y": layers.Pipeline([layers.RandomFlip(), layers.RandomRotation(0.1), layers.Rescaling(1 / 255)])(x, training=False),
            **{name: layers.Rescaling(2.0)(getattr(layers, name)()({"images": x, "labels": layers.Dense(2)(layers.GlobalAveragePooling2D()(x))}, training=False)["images"]) for name in ("MixUp", "CutMix")},
        }, image)
        for name, options in CHANGING.items():
            if zoo.has(name):
                short = {"ContrastLimitedAdaptiveHistogramEqualization": "adaptive-equalization"}.get(name, name.lower())
                zoo.add(short, {"x": size}, lambda x, name=name, options=options: changed(zoo, getattr(layers, name)(**options), x), image)

        def boxes(x, b, l):
            bounded = layers.MaxNumBoundingBoxes(4, bounding_box_format="xyxy")({"images": x, "bounding_boxes": {"boxes": b, "labels": l}})
            return {"boxes": bounded["bounding_boxes"]["boxes"], "labels": bounded["bounding_boxes"]["labels"]}

        zoo.add("max-num-bounding-boxes", {"x": size, "b": (6, 4), "l": (6,)}, boxes)
    if zoo.has("MelSpectrogram"):
        sound = lambda rng, batch: {"x": (np.sin(np.arange(600) / rng.uniform(3, 9, (batch, 1))) + rng.normal(0, 0.05, (batch, 600))).astype(np.float32)}
        zoo.add("mel-spectrogram", {"x": (600,)}, lambda x: {
            "plain": layers.MelSpectrogram(fft_length=128, sequence_stride=64, num_mel_bins=12, sampling_rate=8000)(x), "power": layers.MelSpectrogram(fft_length=128, sequence_stride=50, sequence_length=100, num_mel_bins=8, sampling_rate=8000, power_to_db=False, mag_exp=1.0)(x),
        }, sound)
        zoo.add("stft-spectrogram", {"x": (600, 1)}, lambda x: {
            f"{mode}_{pad}": layers.STFTSpectrogram(mode=mode, frame_length=64, frame_step=32, fft_length=64, padding=pad)(x) for mode in ("log", "magnitude", "psd", "real", "imag", "angle") for pad in ("valid", "same") if mode != "angle"
        }, lambda rng, batch: {"x": sound(rng, batch)["x"][..., None]})
        zoo.add("stft-spectrogram-other", {"x": (600, 2)}, lambda x: {
            "unwindowed": layers.STFTSpectrogram(window=None, frame_length=50, frame_step=25, fft_length=64)(x), "periodic": layers.STFTSpectrogram(window="hamming", periodic=True, frame_length=64, frame_step=16, scaling="spectrum")(x),
            "expanded": layers.STFTSpectrogram(frame_length=64, frame_step=32, expand_dims=True)(x),
        }, lambda rng, batch: {"x": np.repeat(sound(rng, batch)["x"][..., None], 2, -1)})
    return zoo.table

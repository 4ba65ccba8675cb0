"""Exports keras.applications models with random weights and records what TensorFlow answers.

    python export.py --out DIR [--flavor keras3|tf_keras] [--size N] [--keep] NAME [NAME …]

For each name a folder DIR/<flavor>-<NAME>[-<size>] is made:
    model/            the SavedModel, as the flavor's own export writes it
    b1.json.gz, b3.json.gz   the case format: inputs and TensorFlow's outputs for 1 and 3 images
    meta.json         versions, parameters, seconds, spread of the outputs
Weights are random with a fixed seed; batch-norm statistics are taken from real activations and then jittered, and
biases, scales and layer scales are random, so that every layer matters to the answer and none saturates.
"""

import argparse
import base64
import gzip
import json
import os
import shutil
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

# Models whose first layers rescale pixels themselves; the others are fed what their preprocess_input makes.
TAKES_PIXELS = ("EfficientNet", "ConvNeXt", "MobileNetV3", "RegNet", "ResNetRS")


def load_keras(flavor):
    if flavor == "keras3":
        import keras
    else:
        import tf_keras as keras
    return keras


def make_images(rng, count, size, takes_pixels):
    """Smooth patterns plus noise, each image with its own brightness and contrast."""
    axis = np.linspace(0, 1, size, dtype=np.float32)
    images = []
    for _ in range(count):
        f = rng.uniform(1, 12, (4, 2))
        p = rng.uniform(0, 2 * np.pi, (4, 3))
        image = sum(
            np.sin(2 * np.pi * (f[k, 0] * axis[:, None, None] + f[k, 1] * axis[None, :, None]) + p[k])
            for k in range(4)
        )
        image = image / 4 + rng.normal(0, 0.25, (size, size, 3))
        image = np.clip(image * rng.uniform(0.6, 1.4) + rng.uniform(-0.3, 0.3), -1, 1)
        images.append(image)
    batch = np.stack(images).astype(np.float32)
    return (batch + 1) * 127.5 if takes_pixels else batch


def walk_layers(layer):
    for inner in getattr(layer, "layers", None) or []:
        yield inner
        yield from walk_layers(inner)


def kind(layer):
    return type(layer).__name__


def randomize(model, rng):
    """Random biases, scales and statistics in place of zeros and ones; dropout off for the calibration run."""
    has_batch_norm = any(kind(layer) == "BatchNormalization" for layer in walk_layers(model))
    for layer in walk_layers(model):
        for rate in ("rate", "drop_path_rate"):
            if hasattr(layer, rate):
                setattr(layer, rate, 0.0)
        if kind(layer) == "LayerScale":
            layer.gamma.assign(rng.uniform(0.1, 0.4, layer.gamma.shape))
        if kind(layer) == "Normalization":
            layer.mean = tf.constant(rng.uniform(0.4, 0.5, layer.mean.shape), tf.float32)
            layer.variance = tf.constant(rng.uniform(0.04, 0.06, layer.variance.shape), tf.float32)
        for name, make in (
            # Mostly open ReLUs: with centred ones a deep random network doubles the last bit of its input until the
            # answers of two correct programs differ. Trained networks do not.
            ("beta", lambda s: rng.normal(0.8, 0.3, s)),
            ("bias", lambda s: rng.normal(0, 0.05, s)),
        ):
            variable = getattr(layer, name, None)
            if variable is not None and hasattr(variable, "assign"):
                variable.assign(make(tuple(variable.shape)))
        gamma = getattr(layer, "gamma", None)
        if gamma is not None and "Normalization" in kind(layer):
            gamma.assign(rng.uniform(0.7, 1.3, tuple(gamma.shape)))
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and hasattr(kernel, "assign") and not has_batch_norm:
            # Keeps the size of activations through ReLU layers where nothing renormalises them.
            kernel.assign(np.asarray(kernel) * np.float32(np.sqrt(1.8)))


def calibrate(model, rng, images):
    norms = [layer for layer in walk_layers(model) if kind(layer) == "BatchNormalization"]
    if not norms:
        return
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(norms, momenta):
        layer.momentum = momentum
        mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
        jitter = rng.normal(0, 0.05, mean.shape) * np.sqrt(variance)
        layer.moving_mean.assign(mean + jitter)
        layer.moving_variance.assign(np.maximum(variance, 1e-3) * np.exp(rng.normal(0, 0.1, mean.shape)))


def noise_share(signature, input_name, images, answers):
    """How much of the tolerance TensorFlow itself needs when each pixel moves by its last bit."""
    rng = np.random.default_rng(1)
    moved = np.nextafter(images, np.where(rng.random(images.shape) < 0.5, -np.inf, np.inf).astype(np.float32))
    again = signature(**{input_name: tf.constant(moved)})
    shares = []
    for key, value in answers.items():
        bar = 1e-5 * np.abs(value).max() + 1e-4 * np.abs(value)
        shares.append(float((np.abs(again[key].numpy() - value) / bar).max()))
    return max(shares)


def write_tensor(array):
    array = np.ascontiguousarray(array)
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "b64": base64.b64encode(array.tobytes()).decode(),
    }


def write_case(path, inputs, outputs):
    case = {
        "signature": "serving_default",
        "inputs": {name: write_tensor(value) for name, value in inputs.items()},
        "outputs": {name: write_tensor(value) for name, value in outputs.items()},
    }
    with gzip.open(path, "wt", compresslevel=1) as file:
        json.dump(case, file)


def build(keras, name, size):
    make = getattr(keras.applications, name)
    options = {"weights": None, "classifier_activation": None}
    if size is not None:
        options["input_shape"] = (size, size, 3)
    return make(**options)


def save(model, flavor, how, path):
    if how == "save":
        model.save(path, save_format="tf")
    elif flavor == "keras3":
        model.export(path, verbose=False)
    else:
        model.export(path)


def export(flavor, name, size, out, how, images):
    keras = load_keras(flavor)
    started = time.time()
    rng = np.random.default_rng(abs(hash_name(name)))
    keras.utils.set_random_seed(hash_name(name) % 2**31)
    model = build(keras, name, size)
    side = model.input_shape[1]
    takes_pixels = name.startswith(TAKES_PIXELS)
    randomize(model, rng)
    calibrate(model, rng, tf.constant(make_images(rng, images, side, takes_pixels)))
    parameters = int(model.count_params())
    folder = out + ".tmp"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    save(model, flavor, how, os.path.join(folder, "model"))
    del model
    keras.backend.clear_session()
    signature = tf.saved_model.load(os.path.join(folder, "model")).signatures["serving_default"]
    (input_name,) = signature.structured_input_signature[1].keys()
    spread, noise = {}, []
    for count in (1, 3):
        batch = make_images(rng, count, side, takes_pixels)
        answers = {key: value.numpy() for key, value in signature(**{input_name: tf.constant(batch)}).items()}
        write_case(os.path.join(folder, f"b{count}.json.gz"), {input_name: batch}, answers)
        for key, value in answers.items():
            spread[f"b{count}:{key}"] = {
                "min": float(value.min()),
                "max": float(value.max()),
                "std_over_classes": float(value.std(axis=-1).mean()),
                "std_over_images": float(value.std(axis=0).mean()),
            }
        noise.append(noise_share(signature, input_name, batch, answers))
    meta = {
        "name": name,
        "flavor": flavor,
        "how": how,
        "size": side,
        "parameters": parameters,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "export_s": round(time.time() - started, 1),
        "spread": spread,
        "noise_share": max(noise),
    }
    with open(os.path.join(folder, "meta.json"), "w") as file:
        json.dump(meta, file, indent=1)
    shutil.rmtree(out, ignore_errors=True)
    os.rename(folder, out)
    return meta


def hash_name(name):
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--flavor", choices=("keras3", "tf_keras"), default="keras3")
    parser.add_argument("--how", choices=("export", "save"), default="export")
    parser.add_argument("--size", type=int)
    parser.add_argument("--images", type=int, default=16, help="images the batch-norm statistics are taken from")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in options.names:
        folder = "-".join([options.flavor, name] + ([str(options.size)] if options.size else []))
        out = os.path.join(options.out, folder)
        if os.path.exists(os.path.join(out, "meta.json")):
            print(f"{folder}: there already", flush=True)
            continue
        meta = export(options.flavor, name, options.size, out, options.how, options.images)
        print(json.dumps({key: meta[key] for key in ("name", "size", "parameters", "export_s", "noise_share", "spread")}), flush=True)


if __name__ == "__main__":
    sys.exit(main())

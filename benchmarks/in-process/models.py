"""Exports one of the models of this benchmark with random weights: models.py NAME FOLDER."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

layers = tf.keras.layers


def image(build):
    return lambda: build(weights=None, classifier_activation=None)


def lstm():
    return tf.keras.Sequential([tf.keras.Input([50, 64]), layers.LSTM(128), layers.Dense(10)])


def mlp():
    hidden = [layers.Dense(512, "relu") for _ in range(3)]
    return tf.keras.Sequential([tf.keras.Input([256]), *hidden, layers.Dense(10)])


MODELS = {
    "MobileNetV2": image(tf.keras.applications.MobileNetV2),
    "ResNet50": image(tf.keras.applications.ResNet50),
    "EfficientNetB0": image(tf.keras.applications.EfficientNetB0),
    "LSTM": lstm,
    "MLP": mlp,
}


def main():
    name, folder = sys.argv[1:]
    tf.keras.utils.set_random_seed(5)
    model = MODELS[name]()
    random = np.random.default_rng(5)
    # Fresh normalization statistics are 0 and 1, which would let whole operators vanish.
    for variable in model.weights:
        if "variance" in variable.path:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif "moving_mean" in variable.path:
            variable.assign(random.normal(0, 0.1, variable.shape))
    model.export(os.path.join(folder, "model"))


main()

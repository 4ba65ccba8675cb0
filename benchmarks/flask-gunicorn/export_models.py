"""Exports the three models of the comparison with real TensorFlow: export_models.py OUT_DIR NAME..."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
import tf_keras as keras


def toy():
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)]
    )


def mlp():
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


def mobilenetv2():
    """Without a final softmax, which would make nearly equal numbers of any weights."""
    model = keras.applications.MobileNetV2(weights=None, classifier_activation=None)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [
                    random.uniform(0.9, 1.1, gamma.shape),
                    random.uniform(-0.1, 0.1, beta.shape),
                    random.uniform(-0.1, 0.1, mean.shape),
                    random.uniform(0.5, 1.5, variance.shape),
                ]
            )
    return model


MODELS = {"toy": toy, "mlp": mlp, "mobilenetv2": mobilenetv2}

if __name__ == "__main__":
    out, *names = sys.argv[1:]
    for name in names:
        keras.utils.set_random_seed(1)
        MODELS[name]().export(os.path.join(out, name))

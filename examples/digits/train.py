"""Trains the example model: handwritten digits (8x8 pixels, scikit-learn's bundled set).

    python train.py            # needs tensorflow-cpu and scikit-learn

Writes model/ (a SavedModel) and request.json (two test images in TensorFlow Serving's JSON).
"""
import json
import os
import shutil

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = os.path.dirname(os.path.abspath(__file__))

SAMPLES = [1, 2]  # test images of the sample request

tf.keras.utils.set_random_seed(7)
digits = load_digits()
images = digits.images.astype(np.float32)  # 0..16
train_x, test_x, train_y, test_y = train_test_split(
    images, digits.target, test_size=0.2, random_state=7, stratify=digits.target
)

def build():
    pixels = tf.keras.Input((8, 8), name="pixels")
    x = tf.keras.layers.Rescaling(1 / 16, name="rescale")(pixels)
    x = tf.keras.layers.Reshape((8, 8, 1), name="add_channel")(x)
    x = tf.keras.layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv1")(x)
    x = tf.keras.layers.BatchNormalization(name="norm1")(x)
    x = tf.keras.layers.ReLU(name="relu1")(x)
    x = tf.keras.layers.MaxPooling2D(name="pool1")(x)
    x = tf.keras.layers.Conv2D(48, 3, padding="same", activation="relu", name="conv2")(x)
    x = tf.keras.layers.GlobalAveragePooling2D(name="pool2")(x)
    x = tf.keras.layers.Dropout(0.2, name="dropout")(x)
    probabilities = tf.keras.layers.Dense(10, activation="softmax", name="probabilities")(x)
    return tf.keras.Model(pixels, probabilities, name="digits")


model = build()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_x, train_y, epochs=60, batch_size=64, verbose=0)
_, accuracy = model.evaluate(test_x, test_y, verbose=0)
print(f"test accuracy {accuracy:.3f}")


class Digits(tf.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8], tf.float32, name="pixels")])
    def classify(self, pixels):
        p = self.network(pixels, training=False)
        return {"probabilities": p, "digit": tf.argmax(p, axis=-1)}


# A second network holds the weights without the optimizer's state, which nobody needs in production.
network = build()
network.set_weights(model.get_weights())
target = os.path.join(HERE, "model")
shutil.rmtree(target, ignore_errors=True)
module = Digits(network)
tf.saved_model.save(module, target, signatures={"serving_default": module.classify})

rows = [test_x[i].astype(int).tolist() for i in SAMPLES]
with open(os.path.join(HERE, "request.json"), "w") as f:
    json.dump({"instances": rows}, f, separators=(",", ":"))
    f.write("\n")
expected = module.classify(tf.constant(test_x[SAMPLES]))
with open(os.path.join(HERE, "expected.json"), "w") as f:
    json.dump({k: v.numpy().tolist() for k, v in expected.items()}, f)
    f.write("\n")
print("labels", test_y[SAMPLES].tolist())

"""Exports a transformer encoder of BERT-base's size with random weights, and TensorFlow's answer for a few requests.

    python encoder.py DIRECTORY [LAYERS]

The folder gets `model/` (a SavedModel; 440 MB with 12 layers) and `case.json.gz` in the case format. Layers are
written out with TensorFlow's own operations, as an exported BERT has them: Keras 3 decides about the rest.
"""

import base64
import gzip
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

WIDTH, HEADS, INNER, VOCABULARY, POSITIONS = 768, 12, 3072, 30522, 512


class Encoder(tf.Module):
    def __init__(self, layers, seed=20):
        super().__init__()
        self.random = np.random.default_rng(seed)
        self.words = self.weight("words", [VOCABULARY, WIDTH])
        self.positions = self.weight("positions", [POSITIONS, WIDTH])
        self.kinds = self.weight("kinds", [2, WIDTH])
        self.norm = self.norm_weights("embedding")
        self.layers = [self.layer_weights(f"layer_{i}") for i in range(layers)]

    def weight(self, name, shape, scale=0.05):
        return tf.Variable(self.random.normal(0, scale, shape).astype(np.float32), name=name)

    def dense(self, name, inputs, outputs):
        return self.weight(f"{name}/kernel", [inputs, outputs]), self.weight(f"{name}/bias", [outputs])

    def norm_weights(self, name):
        gamma = tf.Variable(self.random.normal(1, 0.1, [WIDTH]).astype(np.float32), name=f"{name}/gamma")
        return gamma, self.weight(f"{name}/beta", [WIDTH])

    def layer_weights(self, name):
        return {
            **{part: self.dense(f"{name}/{part}", WIDTH, WIDTH) for part in ["query", "key", "value", "output"]},
            "up": self.dense(f"{name}/up", WIDTH, INNER),
            "down": self.dense(f"{name}/down", INNER, WIDTH),
            "norm_1": self.norm_weights(f"{name}/norm_1"),
            "norm_2": self.norm_weights(f"{name}/norm_2"),
        }

    def normalize(self, x, weights):
        gamma, beta = weights
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)

    def project(self, x, weights):
        kernel, bias = weights
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)

    def attend(self, x, mask, weights):
        shape = tf.shape(x)

        def split(part):
            heads = tf.reshape(self.project(x, weights[part]), [shape[0], shape[1], HEADS, WIDTH // HEADS])
            return tf.transpose(heads, [0, 2, 1, 3])

        scores = tf.matmul(split("query"), split("key"), transpose_b=True) / np.sqrt(WIDTH // HEADS).astype(np.float32)
        mixed = tf.matmul(tf.nn.softmax(scores + mask), split("value"))
        joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [shape[0], shape[1], WIDTH])
        return self.project(joined, weights["output"])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "input_ids"),
            tf.TensorSpec([None, None], tf.int32, "input_mask"),
        ]
    )
    def encode(self, input_ids, input_mask):
        length = tf.shape(input_ids)[1]
        x = tf.gather(self.words, input_ids) + self.positions[:length] + self.kinds[0]
        x = self.normalize(x, self.norm)
        mask = (1.0 - tf.cast(input_mask[:, tf.newaxis, tf.newaxis, :], tf.float32)) * -10000.0
        for weights in self.layers:
            x = self.normalize(x + self.attend(x, mask, weights), weights["norm_1"])
            inner = self.project(x, weights["up"])
            inner = inner * 0.5 * (1.0 + tf.math.erf(inner / np.float32(np.sqrt(2.0))))
            x = self.normalize(x + self.project(inner, weights["down"]), weights["norm_2"])
        return {"sequence": x, "pooled": x[:, 0]}


def encode_tensor(array):
    names = {"float32": "float32", "int32": "int32"}
    return {
        "dtype": names[str(array.dtype)],
        "shape": list(array.shape),
        "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def main():
    folder = sys.argv[1]
    layers = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    model = Encoder(layers)
    tf.saved_model.save(model, os.path.join(folder, "model"), signatures={"serving_default": model.encode})
    random = np.random.default_rng(7)
    ids = random.integers(0, VOCABULARY, [2, 16]).astype(np.int32)
    mask = np.ones([2, 16], np.int32)
    mask[1, 11:] = 0
    outputs = model.encode(ids, mask)
    case = {
        "signature": "serving_default",
        "inputs": {"input_ids": encode_tensor(ids), "input_mask": encode_tensor(mask)},
        "outputs": {name: encode_tensor(value.numpy()) for name, value in outputs.items()},
    }
    with gzip.open(os.path.join(folder, "case.json.gz"), "wt") as out:
        json.dump(case, out)
    print(json.dumps({"tensorflow": tf.__version__, "layers": layers}))


main()

"""What the tables of models share: Keras models from a function of tensors, with random weights and inputs."""

import hashlib

import numpy as np
import tensorflow as tf


def seeded(name):
    """A generator of its own for each model, so that models do not depend on the order they are made in."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"))


def draw(rng, shape, dtype):
    """Random elements; strings are words of a small vocabulary, integers small and not negative."""
    if dtype == "string":
        words = np.array([b"red", b"green", b"blue", b"", b"violet", "grün".encode()], dtype=object)
        return words[rng.integers(0, len(words), shape)]
    if dtype == "bool":
        return rng.random(shape) < 0.6
    if np.issubdtype(np.dtype(dtype) if dtype != "bfloat16" else np.float32, np.integer):
        return rng.integers(0, 9, shape).astype(dtype)
    return tf.cast(rng.uniform(-1, 1, shape), dtype).numpy()


def randomize(model, rng):
    """Every floating weight: variances positive, the rest of both signs. State of random layers stays."""
    for weight in model.weights:
        value = weight.numpy()
        name = getattr(weight, "path", weight.name)
        if "seed" in name or not tf.as_dtype(value.dtype).is_floating:
            continue
        low, high = (0.4, 1.6) if "variance" in name else (-0.6, 0.6)
        weight.assign(tf.cast(rng.uniform(low, high, value.shape), value.dtype))


class Zoo:
    """A table of models: name → function that writes a SavedModel and returns its cases (label, signature, inputs)."""

    def __init__(self, keras):
        self.keras = keras
        self.layers = keras.layers
        self.is_keras3 = keras.__name__ == "keras"
        self.table = {}

    def has(self, *names):
        return all(hasattr(self.layers, name) for name in names)

    def save(self, model, path):
        if self.is_keras3:
            model.export(path, verbose=False)
        else:
            model.save(path, save_format="tf")

    def add(self, name, inputs, build, feeds=None, batches=(1, 3), random_weights=True, free=5):
        """`inputs`: name → shape or (shape, dtype), without the batch; `build` takes the tensors in that order and
        gives a tensor or a dict of outputs. `feeds(rng, batch)` makes the inputs of a case; without it they are
        drawn. `free` is the size of dimensions that are None."""
        specs = {key: spec if isinstance(spec, tuple) and len(spec) == 2 and isinstance(spec[1], str) else (spec, "float32") for key, spec in inputs.items()}

        def make(path):
            rng = seeded(name)
            tensors = [self.keras.Input(shape, dtype=dtype, name=key) for key, (shape, dtype) in specs.items()]
            outputs = build(*tensors)
            model = self.keras.Model(tensors if len(tensors) > 1 else tensors[0], outputs)
            if random_weights:
                randomize(model, rng)
            self.save(model, path)
            cases = []
            for batch in batches:
                if feeds is not None:
                    values = feeds(rng, batch)
                else:
                    shapes = {key: [batch] + [free if d is None else d for d in shape] for key, (shape, _) in specs.items()}
                    values = {key: draw(rng, shapes[key], specs[key][1]) for key in specs}
                cases.append((f"b{batch}", "serving_default", values))
            return cases

        self.table[name] = make

    def add_maker(self, name, make):
        """`make(path)` writes the SavedModel itself and returns the cases."""
        self.table[name] = make


def save_module(path, functions, keep=()):
    """A tf.Module with one signature for each function: name → (function, {input: (shape, dtype)})."""
    holder = tf.Module()
    holder.keep = list(keep)
    signatures = {}
    for name, (function, specs) in functions.items():
        traced = tf.function(function, input_signature=[tf.TensorSpec(shape, dtype, name=key) for key, (shape, dtype) in specs.items()])
        setattr(holder, f"call_{name}", traced)
        signatures[name] = traced.get_concrete_function()
    tf.saved_model.save(holder, path, signatures=signatures)

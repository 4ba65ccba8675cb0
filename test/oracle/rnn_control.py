"""Exports small RNN and control-flow models and records what TensorFlow answers.

    python rnn_control.py --out DIR [--flavor keras3|keras2|tf2|tf1] [NAME …]

For each model a folder DIR/<flavor>-<name> is made: `model/` is the SavedModel, `b<n>.json` the case format with
inputs and TensorFlow's outputs for n rows (or the case's own shapes). Folders that are there are left alone.
Weights, biases included, are random with a fixed seed.
"""

import argparse
import base64
import json
import os
import shutil
import sys
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

import rnn_models


def tensor_json(array):
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        items = [v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1).tolist()]
        return {
            "dtype": "string",
            "shape": list(array.shape),
            "strings_b64": [base64.b64encode(v).decode() for v in items],
        }
    data = np.ascontiguousarray(array).tobytes()
    name = {"bool": "bool"}.get(array.dtype.name, array.dtype.name)
    return {"dtype": name, "shape": list(array.shape), "b64": base64.b64encode(data).decode()}


def write_case(folder, label, signature, inputs, outputs):
    case = {
        "signature": signature,
        "inputs": {k: tensor_json(v) for k, v in inputs.items()},
        "outputs": {k: tensor_json(v) for k, v in outputs.items()},
    }
    with open(os.path.join(folder, f"{label}.json"), "w") as file:
        json.dump(case, file)


def record(folder, cases):
    """Runs the SavedModel as it was written, in a session of its own."""
    loaded = tf.saved_model.load(os.path.join(folder, "model"))
    function = loaded.signatures["serving_default"]
    for label, inputs in cases:
        tensors = {k: tf.constant(v) for k, v in inputs.items()}
        answers = {k: v.numpy() for k, v in function(**tensors).items()}
        write_case(folder, label, "serving_default", inputs, answers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--flavor", default="keras3")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    models = rnn_models.load(options.flavor)
    unknown = set(options.names) - set(models)
    if unknown:
        sys.exit(f"no such model: {', '.join(sorted(unknown))}")
    failed = 0
    for name, make in models.items():
        if options.names and name not in options.names:
            continue
        folder = os.path.join(options.out, f"{options.flavor}-{name}")
        if os.path.exists(folder):
            continue
        temporary = folder + ".tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        os.makedirs(temporary)
        try:
            tf.keras.utils.set_random_seed(7)
            cases = make(os.path.join(temporary, "model"))
            record(temporary, cases)
            os.rename(temporary, folder)
            print(f"{options.flavor}-{name}", flush=True)
        except Exception:
            failed += 1
            traceback.print_exc()
            shutil.rmtree(temporary, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""Exports small models whose inputs need the host (text, features, images) and records TensorFlow's answers.

    python zoo_host.py --out DIR [NAME …]

For each model a folder DIR/<name> is made: `model/` is the SavedModel, `<label>.json` a case with inputs and
outputs. Folders that are there are left alone. Weights are random with a fixed seed.
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

import host_models


def tensor_json(array):
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        items = [v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1).tolist()]
        encoded = [base64.b64encode(v).decode() for v in items]
        return {"dtype": "string", "shape": list(array.shape), "strings_b64": encoded}
    data = np.ascontiguousarray(array).tobytes()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "b64": base64.b64encode(data).decode()}


def record(folder, cases):
    """Runs the SavedModel as it was written."""
    function = tf.saved_model.load(os.path.join(folder, "model")).signatures["serving_default"]
    for label, inputs in enumerate(cases):
        answers = function(**{k: tf.constant(v) for k, v in inputs.items()})
        case = {
            "signature": "serving_default",
            "inputs": {k: tensor_json(v) for k, v in inputs.items()},
            "outputs": {k: tensor_json(v.numpy()) for k, v in answers.items()},
        }
        with open(os.path.join(folder, f"b{label}.json"), "w") as file:
            json.dump(case, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    failed = 0
    for name, make in host_models.MODELS.items():
        folder = os.path.join(options.out, name)
        if (options.names and name not in options.names) or os.path.exists(folder):
            continue
        temporary = folder + ".tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        os.makedirs(temporary)
        try:
            tf.keras.utils.set_random_seed(7)
            record_cases = make(os.path.join(temporary, "model"))
            record(temporary, record_cases)
            os.rename(temporary, folder)
            print(name, "ok", flush=True)
        except Exception:
            failed += 1
            print(name, "FAILED", flush=True)
            traceback.print_exc()
            shutil.rmtree(temporary, ignore_errors=True)
        tf.keras.backend.clear_session()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

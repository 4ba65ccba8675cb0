"""Exports small models of every kind with TensorFlow and records what it answers.

    python export.py --out DIR --all
    python export.py --out DIR [--family FAMILY] [NAME …]
    python export.py --classes

For each model a folder DIR/<family>-<name> is made: `model/` is the SavedModel, `<label>.json` a case with inputs and
TensorFlow's outputs, `meta.json` tells the Keras classes that it is made of. A folder
that is there is left alone while the file of its table and TensorFlow are the same. `--classes` prints the layer
classes of both generations of Keras, and those that no exported model can have with the reason.
"""

import argparse
import base64
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "host")]

import numpy as np
import tensorflow as tf

import classes

# family → (generation of Keras, modules of tables). Each family is a process of its own: the frames of TensorFlow 1
# can only be had by switching the new control flow off for good.
TABLES = ["dense", "convolution", "pooling", "shaping", "normalizing", "attending", "recurrent", "preprocessing", "images", "precision", "whole"]
FAMILIES = {
    "keras3": ("keras", TABLES),
    "keras2": ("tf_keras", TABLES),
    "rnn3": ("keras", ["rnn_models:keras3"]),
    "rnn2": ("tf_keras", ["rnn_models:keras2"]),
    "flow": ("keras", ["rnn_models:tf2"]),
    "frames": ("keras", ["rnn_models:tf1"]),
    "host": ("keras", ["host_models"]),
}


def tensor_json(array):
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        items = [v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1).tolist()]
        return {"dtype": "string", "shape": list(array.shape), "strings_b64": [base64.b64encode(v).decode() for v in items]}
    data = np.ascontiguousarray(array).tobytes()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "b64": base64.b64encode(data).decode()}


def record(folder, cases):
    """Runs the SavedModel as it was written."""
    loaded = tf.saved_model.load(os.path.join(folder, "model"))
    for label, signature, inputs in cases:
        answers = loaded.signatures[signature](**{key: tf.constant(value) for key, value in inputs.items()})
        case = {
            "signature": signature,
            "inputs": {key: tensor_json(value) for key, value in inputs.items()},
            "outputs": {key: tensor_json(value.numpy()) for key, value in answers.items()},
        }
        with open(os.path.join(folder, f"{label}.json"), "w") as file:
            json.dump(case, file)


def with_signature(cases):
    """Cases of the older tables: a list of inputs, or of (label, inputs)."""
    for at, case in enumerate(cases):
        if isinstance(case, dict):
            yield f"b{at}", "serving_default", case
        else:
            yield case if len(case) == 3 else (case[0], "serving_default", case[1])


def read_table(module_name, keras):
    name, _, flavor = module_name.partition(":")
    module = importlib.import_module(name)
    with open(module.__file__, "rb") as file:
        source = hashlib.sha256(file.read()).hexdigest()[:16]
    if flavor:
        return source, module.load(flavor)
    return source, module.MODELS if hasattr(module, "MODELS") else module.models(keras)


def is_fresh(folder, stamp):
    try:
        with open(os.path.join(folder, "meta.json")) as file:
            meta = json.load(file)
    except (OSError, ValueError):
        return False
    return all(meta.get(key) == value for key, value in stamp.items())


def export(folder, make, stamp, keras):
    temporary = folder + ".tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    os.makedirs(temporary)
    started = time.time()
    try:
        keras.utils.set_random_seed(7)
        keras.backend.clear_session()
        with classes.made() as names:
            cases = list(with_signature(make(os.path.join(temporary, "model"))))
        record(temporary, cases)
        meta = {**stamp, "classes": sorted(names), "export_s": round(time.time() - started, 2)}
        with open(os.path.join(temporary, "meta.json"), "w") as file:
            json.dump(meta, file)
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(temporary, folder)
        return True
    except Exception:
        traceback.print_exc(limit=-6)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        return False


def run_family(family, options):
    generation, modules = FAMILIES[family]
    if generation == "tf_keras":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"  # Parts of it look for their classes in tf.keras.
    keras = importlib.import_module(generation)
    failed, known = [], set()
    for module_name in modules:
        source, table = read_table(module_name, keras)
        for name, make in table.items():
            known.add(f"{family}-{name}")
            if options.names and name not in options.names:
                continue
            stamp = {"family": family, "name": name, "table": module_name, "source": source, "tensorflow": tf.__version__, "keras": keras.__version__}
            folder = os.path.join(options.out, f"{family}-{name}")
            if is_fresh(folder, stamp):
                continue
            is_good = export(folder, make, stamp, keras)
            print(f"{family}-{name}", "ok" if is_good else "FAILED", flush=True)
            if not is_good:
                failed.append(name)
    if not options.names:
        for stale in [each for each in os.listdir(options.out) if each.startswith(f"{family}-") and each not in known]:
            shutil.rmtree(os.path.join(options.out, stale))
    return failed


def run_all(options):
    """Every family in a process of its own, two at a time; the long ones first."""
    waiting, running, failed = list(FAMILIES), [], []
    while waiting or running:
        while waiting and len(running) < 2:
            family = waiting.pop(0)
            running.append((family, subprocess.Popen([sys.executable, os.path.abspath(__file__), "--out", options.out, "--family", family])))
        family, process = running.pop(0)
        try:
            failed += [family] * (process.wait(timeout=0.2) != 0)
        except subprocess.TimeoutExpired:
            running.append((family, process))
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out")
    parser.add_argument("--family", choices=FAMILIES, default="keras3")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--classes", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.classes:
        print(json.dumps(classes.listed()))
        return
    if options.out is None:
        parser.error("--out is needed")
    os.makedirs(options.out, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if options.all:
        failed = run_all(options)
        sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
    failed = run_family(options.family, options)
    if failed:
        sys.exit(f"{options.family}: {len(failed)} failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()

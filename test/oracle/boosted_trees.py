"""Exports BoostedTrees estimators of an older TensorFlow (2.6) with their answers: boosted_trees.py FOLDER.

Needs the packages of boosted-trees-requirements.txt under Python 3.8, in an environment of their own.
"""

import base64
import json
import os
import shutil
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

KINDS = ("binary", "regression")
if __name__ == "__main__" and all(os.path.exists(os.path.join(sys.argv[1], kind, "b200.json")) for kind in KINDS):
    # Nothing to do takes no time: TensorFlow alone needs seconds to import.
    sys.exit(0)

import numpy as np
import tensorflow as tf

ROWS = 300
column = tf.feature_column


def data(random):
    x = random.normal(size=(ROWS, 3)).astype(np.float32)
    colour = random.choice(["red", "green", "blue"], ROWS)
    score = x[:, 0] * x[:, 1] + (colour == "red") * 2.0 - np.abs(x[:, 2])
    return {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "colour": colour}, score


def columns(bounds):
    numbers = [column.bucketized_column(column.numeric_column(key), bounds) for key in "abc"]
    colour = column.categorical_column_with_vocabulary_list("colour", ["red", "green", "blue"])
    return [*numbers, column.indicator_column(colour)]


def labels(kind, score):
    if kind == "regression":
        return score.astype(np.float32)
    return (score > 0).astype(np.int32) if kind == "binary" else np.digitize(score, [-1, 0.5]).astype(np.int32)


def tensor(value):
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        flat = [each if isinstance(each, bytes) else str(each).encode() for each in array.reshape(-1)]
        return {"dtype": "string", "shape": list(array.shape),
                "strings_b64": [base64.b64encode(each).decode() for each in flat]}
    return {"dtype": array.dtype.name, "shape": list(array.shape),
            "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def export(kind, out):
    random = np.random.default_rng(7)
    features, score = data(random)
    common = {"feature_columns": columns([-1.0, -0.5, 0.0, 0.5, 1.0]), "n_batches_per_layer": 1,
              "n_trees": 12, "max_depth": 4, "model_dir": tempfile.mkdtemp()}
    if kind == "regression":
        model = tf.estimator.BoostedTreesRegressor(**common)
    else:
        model = tf.estimator.BoostedTreesClassifier(n_classes=2 if kind == "binary" else 3, **common)
    model.train(lambda: tf.data.Dataset.from_tensors((features, labels(kind, score))).repeat(), max_steps=60)
    names = {"a": tf.float32, "b": tf.float32, "c": tf.float32, "colour": tf.string}

    def receiver():
        fed = {key: tf.compat.v1.placeholder(dtype, [None], key) for key, dtype in names.items()}
        return tf.estimator.export.ServingInputReceiver(dict(fed), dict(fed))

    with tempfile.TemporaryDirectory() as scratch:
        path = model.export_saved_model(scratch, receiver).decode()
        shutil.copytree(path, os.path.join(out, "model"))
    probe, _ = data(np.random.default_rng(99))
    probe["colour"][3] = "unseen"
    signature = tf.saved_model.load(os.path.join(out, "model")).signatures["predict"]
    for count in (1, 7, 200):
        inputs = {key: tf.constant(value[:count]) for key, value in probe.items()}
        outputs = signature(**inputs)
        case = {"signature": "predict",
                "inputs": {key: tensor(value.numpy()) for key, value in inputs.items()},
                "outputs": {key: tensor(value.numpy()) for key, value in outputs.items()}}
        with open(os.path.join(out, f"b{count}.json"), "w") as file:
            json.dump(case, file)
    print("exported", kind, {key: value.shape for key, value in outputs.items()}, flush=True)


if __name__ == "__main__":
    for each in KINDS:
        folder = os.path.join(sys.argv[1], each)
        if not os.path.exists(os.path.join(folder, "b200.json")):
            shutil.rmtree(folder, ignore_errors=True)
            export(each, folder)

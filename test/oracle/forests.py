"""Exports decision forests of TensorFlow Decision Forests with their answers: forests.py FOLDER [NAME …].

Needs the packages of forests-requirements.txt, in an environment of their own: they pin an older TensorFlow.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import base64
import json

if __name__ == "__main__" and len(sys.argv) == 2:
    # Nothing to do takes no time: TensorFlow alone needs seconds to import.
    with open(__file__) as source:
        kinds = [line.split('"')[1] for line in source if line.startswith('    "') and '": (' in line]
    if all(os.path.exists(os.path.join(sys.argv[1], kind, "b200.json")) for kind in kinds):
        sys.exit(0)

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_decision_forests as tfdf

ROWS = 400
COLOURS = ["red", "green", "blue", "grey", "pink", "teal"]


def frame(random):
    """Numbers with gaps, a string column with gaps, a small integer column and a flag."""
    x = random.normal(size=(ROWS, 4)).astype(np.float32)
    colour = random.choice(COLOURS, ROWS, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.05]).astype(object)
    score = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + (colour == "red") - (colour == "teal") * 2
    x[random.random(x.shape) < 0.1] = np.nan
    colour[random.random(ROWS) < 0.1] = ""
    data = {f"x{i}": x[:, i] for i in range(4)}
    data["colour"] = colour
    data["floor"] = random.integers(0, 9, ROWS)
    data["flag"] = (random.random(ROWS) < 0.5).astype(int)
    return pd.DataFrame(data), score


def labels(task, score, random):
    noisy = score + random.normal(0, 0.2, ROWS)
    if task == "binary":
        return (noisy > 0.8).astype(int)
    if task == "multi":
        return np.digitize(noisy, [0, 0.8, 1.6])
    return noisy.astype(np.float32)


TASKS = {"binary": tfdf.keras.Task.CLASSIFICATION, "multi": tfdf.keras.Task.CLASSIFICATION,
         "regression": tfdf.keras.Task.REGRESSION, "ranking": tfdf.keras.Task.RANKING}

GBT = tfdf.keras.GradientBoostedTreesModel
RF = tfdf.keras.RandomForestModel

MODELS = {
    "gbt-binary": (GBT, "binary", {"num_trees": 30}),
    "gbt-multi": (GBT, "multi", {"num_trees": 12}),
    "gbt-regression": (GBT, "regression", {"num_trees": 30}),
    "gbt-ranking": (GBT, "ranking", {"num_trees": 10, "ranking_group": "group"}),
    "gbt-oblique": (GBT, "binary", {"num_trees": 20, "split_axis": "SPARSE_OBLIQUE"}),
    "gbt-random-sets": (GBT, "multi", {"num_trees": 8, "categorical_algorithm": "RANDOM"}),
    "gbt-focal": (GBT, "binary", {"num_trees": 10, "loss": "BINARY_FOCAL_LOSS"}),
    "gbt-local-gaps": (GBT, "binary", {"num_trees": 20, "missing_value_policy": "LOCAL_IMPUTATION"}),
    "gbt-integers": (GBT, "regression", {"num_trees": 10, "integers": True}),
    "rf-binary": (RF, "binary", {"num_trees": 25}),
    "rf-shares": (RF, "binary", {"num_trees": 25, "winner_take_all": False}),
    "rf-multi": (RF, "multi", {"num_trees": 25}),
    "rf-multi-shares": (RF, "multi", {"num_trees": 15, "winner_take_all": False}),
    "rf-regression": (RF, "regression", {"num_trees": 25}),
    "rf-oblique": (RF, "regression", {"num_trees": 10, "split_axis": "SPARSE_OBLIQUE"}),
    "rf-random-gaps": (RF, "binary", {"num_trees": 10, "missing_value_policy": "RANDOM_LOCAL_IMPUTATION"}),
    "cart": (tfdf.keras.CartModel, "binary", {}),
    "gbt-tokens": (GBT, "binary", {"num_trees": 15, "tokens": True}),
}


def tensor(value):
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        flat = [each if isinstance(each, bytes) else str(each).encode() for each in array.reshape(-1)]
        return {"dtype": "string", "shape": list(array.shape),
                "strings_b64": [base64.b64encode(each).decode() for each in flat]}
    return {"dtype": array.dtype.name, "shape": list(array.shape),
            "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def words_of(random):
    pool = np.array(["good", "bad", "fine", "slow", "fast", "odd", "new", "old"])
    return [" ".join(random.choice(pool, random.integers(0, 5))) for _ in range(ROWS)]


def export(name, folder):
    kind, task, options = MODELS[name]
    options = dict(options)
    random = np.random.default_rng(len(name) * 7 + ord(name[-1]))
    data, score = frame(random)
    if options.pop("tokens", False):
        text = words_of(random)
        score = score + np.array(["good" in each for each in text]) * 2.0
        data["text"] = text
    data["label"] = labels(task, score, random)
    features = []
    if options.pop("integers", False):
        features.append(tfdf.keras.FeatureUsage("floor", semantic=tfdf.keras.FeatureSemantic.CATEGORICAL))
    if "group" in options.get("ranking_group", ""):
        data["group"] = random.choice(["a", "b", "c"], ROWS)
        data["label"] = np.clip(np.round(data["label"]), 0, 4).astype(np.float32)
        options["ranking_group"] = "group"
    if "text" in data:
        features.append(tfdf.keras.FeatureUsage("text", semantic=tfdf.keras.FeatureSemantic.CATEGORICAL_SET))
    if features:
        options["features"] = features
    model = kind(task=TASKS[task], verbose=0, random_seed=3, **options)
    grouped = {"ranking_group": "group"} if "ranking_group" in options else {}

    def dataset(rows):
        if "text" not in rows:
            return tfdf.keras.pd_dataframe_to_tf_dataset(rows, label="label", task=TASKS[task], **{})
        columns = {key: rows[key].to_numpy() for key in rows if key not in ("label", "text")}
        columns["text"] = tf.strings.split(tf.constant(list(rows["text"])))
        return tf.data.Dataset.from_tensor_slices((columns, rows["label"].to_numpy())).batch(64)

    model.fit(dataset(data))
    out = os.path.join(folder, name)
    model.save(os.path.join(out, "model"))
    loaded = tf.saved_model.load(os.path.join(out, "model"))
    signature = loaded.signatures["serving_default"]
    probe, _ = frame(np.random.default_rng(99))
    for count in (1, 7, 200):
        inputs = {}
        for key, spec in signature.structured_input_signature[1].items():
            inputs[key] = probe_input(key, spec, probe, count)
        outputs = signature(**inputs)
        case = {"signature": "serving_default",
                "inputs": {key: tensor(value.numpy()) for key, value in inputs.items()},
                "outputs": {key: tensor(value.numpy()) for key, value in outputs.items()}}
        with open(os.path.join(out, f"b{count}.json"), "w") as file:
            json.dump(case, file)
    print("exported", name, flush=True)


def probe_input(key, spec, probe, count):
    if key == "group":
        return tf.constant(["a"] * count)
    if key in probe:
        values = probe[key].to_numpy()[:count]
        if spec.dtype == tf.string:
            values = np.array([each if i % 5 else "unseen" for i, each in enumerate(values)], dtype=object)
        elif key == "floor":
            values = np.where(np.arange(count) % 6 == 5, 77, values)
        shaped = [count, *spec.shape[1:]]
        return tf.cast(tf.constant(values), spec.dtype) if spec.dtype != tf.string else tf.reshape(tf.constant(values), shaped)
    if key.startswith("args_0"):
        # With a ragged column the names are lost: what is left is the order of the sorted keys, and two parts of it.
        order = [part for each in sorted([*probe, "text"]) for part in ([each] if each != "text" else ["words", "splits"])]
        part = order[int(key[7:] or 0)]
        words = [each.split() for each in words_of(np.random.default_rng(5))[:count]]
        if part == "words":
            return tf.constant([word for row in words for word in row], spec.dtype)
        if part == "splits":
            return tf.constant(np.cumsum([0, *map(len, words)]), spec.dtype)
        return probe_input(part, spec, probe, count)
    raise KeyError(key)


if __name__ == "__main__":
    for each in sys.argv[2:] or MODELS:
        if not os.path.exists(os.path.join(sys.argv[1], each, "b200.json")):
            export(each, sys.argv[1])

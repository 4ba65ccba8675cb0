"""How far TensorFlow's own kernels are apart on the golden cases.

The golden answers were made with plain kernels. On an ill-conditioned model TensorFlow's default kernels
(oneDNN) differ from them by more than the tolerance; no other implementation can be held to less. This
records, per case and output, the largest difference where it is over the tolerance.

    python test/oracle/kernel_spread.py ../shared test/golden/kernel-spread.gen.json
"""

import base64
import gzip
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

OF_MAX, OF_VALUE = 1e-5, 1e-4
FLOATS = {"float16", "float32", "float64"}


def read_tensor(value):
    if value["dtype"] == "string":
        strings = [base64.b64decode(each) for each in value["strings_b64"]]
        return np.array(strings, dtype=object).reshape(value["shape"])
    flat = np.frombuffer(base64.b64decode(value["b64"]), dtype=value["dtype"])
    return flat.reshape(value["shape"])


def model_dir(base):
    if (base / "saved_model.pb").exists() or (base / "saved_model.pbtxt").exists():
        return base
    return max(base.glob("[0-9]*"), key=lambda path: int(path.name))


def spread_of(session, signature, case):
    feeds = {signature.inputs[name].name: read_tensor(value) for name, value in case["inputs"].items()}
    names = [name for name, value in case["outputs"].items() if value["dtype"] in FLOATS and "sampled" not in value]
    results = session.run([signature.outputs[name].name for name in names], feeds)
    spread = {}
    for name, actual in zip(names, results):
        expected = read_tensor(case["outputs"][name]).astype(np.float64)
        finite = np.abs(expected[np.isfinite(expected)])
        if finite.size == 0:
            continue
        with np.errstate(invalid="ignore"):
            gap = np.nan_to_num(np.abs(actual.astype(np.float64) - expected), nan=0.0)
        if (gap > OF_MAX * finite.max() + OF_VALUE * np.abs(expected)).any():
            spread[name] = float(gap.max())
    return spread


def main(shared, target):
    index = json.loads((shared / "golden" / "index.json").read_text())
    found = {}
    for name, model in index["models"].items():
        if model["status"] != "ok":
            continue
        with tf.compat.v1.Session(graph=tf.Graph()) as session:
            meta = tf.compat.v1.saved_model.loader.load(session, model["tags"], str(model_dir(shared / "models" / name)))
            for signature, entry in model["signatures"].items():
                for case_id, info in entry["cases"].items():
                    if not info["ok"] or not info["deterministic"]:
                        continue
                    case = json.loads(gzip.open(shared / "golden" / info["file"]).read())
                    spread = spread_of(session, meta.signature_def[signature], case)
                    if spread:
                        found[f"{name}/{signature}/{case_id}"] = spread
    target.write_text(json.dumps({"tensorflow": tf.__version__, "spread": found}, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

"""Records what TensorFlow answers for single operations: one file of cases per module in op_cases/.

    python ops.py OUT_DIR [MODULE...]

A case is an operation with its attributes and inputs, and TensorFlow's outputs. The values are small and made from
a fixed seed, so that the files stay small and a new run gives the same bytes.
"""

import base64
import gzip
import importlib
import json
import os
import pkgutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library

import op_cases
from op_cases.case import CASES, Case


def run(case: Case):
    """The node, its inputs in the order of its arguments (array, whether constant), and its outputs."""
    graph = tf.Graph()
    known, feeds = {}, {}

    def make(name, array):
        if name in case.const:
            tensor = tf.constant(array)
        else:
            tensor = tf.compat.v1.placeholder(dtype_of(array), array.shape)
            feeds[tensor] = array
        known[tensor.name] = (array, name in case.const)
        return tensor

    with graph.as_default():
        arguments = {
            name: [make(name, each) for each in value] if isinstance(value, list) else make(name, value)
            for name, value in case.tensors.items()
        }
        public = getattr(tf.raw_ops, case.op, None)
        apply = public or (lambda **given: op_def_library.apply_op(case.op, name="op", **given))
        op = flat_outputs(apply(**arguments, **case.attrs))[0].op
    inputs = [known[tensor.name] for tensor in op.inputs]
    if case.expected:
        return op.node_def, inputs, case.expected
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        return op.node_def, inputs, session.run(list(op.outputs), feeds)


def flat_outputs(made):
    if isinstance(made, (list, tuple)):
        return [tensor for each in made for tensor in flat_outputs(each)]
    return [made]


def dtype_of(array):
    return tf.string if array.dtype == object else tf.as_dtype(array.dtype)


def write_tensor(array):
    array = np.asarray(array)
    if array.dtype == object or array.dtype.kind in "SU":
        texts = [item if isinstance(item, bytes) else str(item).encode() for item in array.reshape(-1)]
        return {"dtype": "string", "shape": list(array.shape), "strings_b64": [b64(text) for text in texts]}
    return {"dtype": tf.as_dtype(array.dtype).name, "shape": list(array.shape), "b64": b64(array.tobytes())}


def b64(data):
    return base64.b64encode(data).decode()


def write_attr(value):
    kind = value.WhichOneof("value")
    if kind == "list":
        for each in ("s", "i", "f", "b", "type", "shape"):
            items = list(getattr(value.list, each))
            if items:
                return ["list", [[each, write_scalar(each, item)] for item in items]]
        return ["list", []]
    return [kind, write_scalar(kind, getattr(value, kind))]


def write_scalar(kind, item):
    if kind == "s":
        return b64(item)
    if kind == "shape":
        return None if item.unknown_rank else [dim.size for dim in item.dim]
    if kind == "i":
        return str(item)
    if kind == "f" and not np.isfinite(item):
        return str(item)
    if kind in ("f", "b", "type"):
        return item
    raise ValueError(f"attribute of kind {kind}")


def record(case: Case):
    node, inputs, answers = run(case)
    row = {
        "op": case.op,
        "name": case.name,
        "attrs": {name: write_attr(value) for name, value in node.attr.items() if not name.startswith("_")},
        "inputs": [{**write_tensor(array), "const": is_const} for array, is_const in inputs],
        "outputs": [write_tensor(answer) for answer in answers],
    }
    if case.static_only:
        row["staticOnly"] = case.static_only
    if case.shape_only:
        row["shapeOnly"] = case.shape_only
    return row


def main():
    out, *wanted = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    names = sorted(module.name for module in pkgutil.iter_modules(op_cases.__path__) if module.name != "case")
    total = failed = 0
    for name in wanted or names:
        CASES.clear()
        importlib.import_module(f"op_cases.{name}").add()
        rows = []
        for case in CASES:
            try:
                rows.append(record(case))
            except Exception as error:
                failed += 1
                print(f"{name}: {case.op} {case.name}: {str(error).splitlines()[0][:300]}", file=sys.stderr)
        text = json.dumps({"tensorflow": tf.__version__, "cases": rows}, separators=(",", ":"))
        with open(os.path.join(out, f"{name}.json.gz"), "wb") as file:
            file.write(gzip.compress(text.encode(), 9, mtime=0))
        total += len(rows)
        print(f"{name}: {len(rows)} cases")
    print(f"{total} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

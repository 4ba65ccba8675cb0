"""Runs raw TensorFlow ops and writes down what they answer, for tests of the host kernels.

A case is one raw op: attributes, inputs, and its outputs or the fact that TensorFlow refuses it.
"""
import base64
import gzip
import json
import os

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
b64 = lambda b: base64.b64encode(b).decode()


def tensor(value):
    a = np.asarray(value)
    if a.dtype.kind in "SOU":
        flat = [x if isinstance(x, bytes) else str(x).encode() for x in a.reshape(-1).tolist()]
        return {"dtype": "string", "shape": list(a.shape), "strings_b64": [b64(x) for x in flat]}
    return {"dtype": a.dtype.name, "shape": list(a.shape), "b64": b64(np.ascontiguousarray(a).tobytes())}


def attr(value):
    if isinstance(value, bool):
        return {"kind": "b", "value": value}
    if isinstance(value, int):
        return {"kind": "i", "value": str(value)}
    if isinstance(value, float):
        return {"kind": "f", "value": value}
    if isinstance(value, (str, bytes)):
        return {"kind": "s", "value": b64(value.encode() if isinstance(value, str) else value)}
    if isinstance(value, tf.DType):
        return {"kind": "type", "value": value.as_datatype_enum}
    if isinstance(value, tf.TensorShape):
        return {"kind": "shape", "value": [-1 if d is None else d for d in value.as_list()]}
    if isinstance(value, (list, tuple)):
        return {"kind": "list", "value": [attr(v) for v in value]}
    raise TypeError(type(value))


def strings(*rows):
    return np.array(rows, dtype=object)


def constant(value):
    is_text = isinstance(value, np.ndarray) and value.dtype == object
    return tf.constant(value, tf.string) if is_text else tf.constant(value)


class Recorder:
    def __init__(self):
        self.cases = []

    def case(self, op, inputs, attrs=None, implied=None):
        """inputs: argument name to value (or list of values for a list argument), in OpDef order.

        implied: attributes that the eager op takes from its arguments, but a graph node carries.
        """
        attrs = attrs or {}
        given = []
        for value in inputs.values():
            given.extend(value if isinstance(value, list) else [value])
        record = {"op": op, "attrs": {k: attr(v) for k, v in {**attrs, **(implied or {})}.items()}, "inputs": [tensor(v) for v in given]}
        if os.environ.get("TRACE"):
            print(op, attrs, flush=True)
        try:
            args = {k: ([constant(x) for x in v] if isinstance(v, list) else constant(v)) for k, v in inputs.items()}
            out = getattr(tf.raw_ops, op)(**args, **attrs)
            flat_out = []
            for o in (out if isinstance(out, (list, tuple)) else [out]):
                flat_out.extend(o if isinstance(o, (list, tuple)) else [o])
            record["outputs"] = [tensor(o.numpy()) for o in flat_out]
        except (tf.errors.OpError, ValueError, UnicodeError) as e:
            record["error"] = type(e).__name__
        self.cases.append(record)

    def write(self, name):
        text = json.dumps({"tensorflow": tf.__version__, "cases": self.cases}, separators=(",", ":")) + "\n"
        # Without a time in it, the same cases give the same bytes.
        data = gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode()
        with open(os.path.join(HERE, "..", "fixtures", name), "wb") as f:
            f.write(data)
        print(name, len(self.cases), "cases,", sum("error" in c for c in self.cases), "refused")

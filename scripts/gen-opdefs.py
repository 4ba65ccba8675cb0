#!/usr/bin/env python3
"""Writes src/savedmodel/opdefs.gen.json from the operator list of the installed TensorFlow.

Usage: python3 scripts/gen-opdefs.py   (needs tensorflow or tensorflow-cpu)

One row per op: [inputs, outputs, attributes, isStateful].
- arguments are one string, blank-separated: `name:T` (attribute T holds the type), `name:#1` (DataType 1),
  `name:N*T` (N tensors), `name:@Tlist` (one tensor per type of the list); a trailing `&` marks a reference.
- attributes are {name: type} or {name: [type, default]}. Integers beyond 2^53 and non-finite floats are text;
  a shape is a list of sizes (-1 unknown) or null (unknown rank); a tensor is its base64 TensorProto; a
  function is its name.
"""
import base64
import json
import math
import pathlib

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = pathlib.Path(__file__).parent.parent / "src" / "savedmodel" / "opdefs.gen.json"


def list_ops():
    buffer = pywrap_tf_session.TF_GetAllOpList()
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(buffer))
    return sorted(ops.op, key=lambda op: op.name)


def format_arg(arg):
    kind = "@" + arg.type_list_attr if arg.type_list_attr else arg.type_attr or "#%d" % arg.type
    count = arg.number_attr + "*" if arg.number_attr else ""
    return "%s:%s%s%s" % (arg.name, count, kind, "&" if arg.is_ref else "")


def format_int(value):
    return value if abs(value) < 2**53 else str(value)


def format_float(value):
    # The shortest text that gives back the same float32.
    if not math.isfinite(value):
        return str(value)
    for digits in range(1, 18):
        text = "%.*g" % (digits, value)
        if tf.constant(float(text), tf.float32).numpy() == tf.constant(value, tf.float32).numpy():
            return float(text)
    return value


def format_shape(shape):
    return None if shape.unknown_rank else [dim.size for dim in shape.dim]


SCALARS = {
    "string": ("s", lambda value: value.decode("utf-8")),
    "int": ("i", format_int),
    "float": ("f", format_float),
    "bool": ("b", bool),
    "type": ("type", int),
    "shape": ("shape", format_shape),
    "tensor": ("tensor", lambda value: base64.b64encode(value.SerializeToString()).decode()),
    "func": ("func", lambda value: value.name),
}


def format_attr(attr):
    if not attr.HasField("default_value"):
        return attr.type
    if attr.type.startswith("list("):
        field, write = SCALARS[attr.type[5:-1]]
        return [attr.type, [write(item) for item in getattr(attr.default_value.list, field)]]
    field, write = SCALARS[attr.type]
    return [attr.type, write(getattr(attr.default_value, field))]


def format_op(op):
    return [
        " ".join(map(format_arg, op.input_arg)),
        " ".join(map(format_arg, op.output_arg)),
        {attr.name: format_attr(attr) for attr in op.attr},
        int(op.is_stateful),
    ]


def main():
    # Kernel variants that TensorFlow's own optimiser puts in never occur in a saved graph.
    rows = {op.name: format_op(op) for op in list_ops() if not op.name.startswith("_Mkl")}
    lines = ["%s: %s" % (json.dumps(name), json.dumps(row, separators=(",", ":"))) for name, row in rows.items()]
    text = '{"tensorflow": "%s", "ops": {\n%s\n}}\n' % (tf.__version__, ",\n".join(lines))
    TARGET.write_text(text)
    print("%s: %d ops, %d bytes" % (TARGET.name, len(rows), len(text)))


main()

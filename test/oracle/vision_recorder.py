"""What the recorders of vision cases share: values, cases, and how TensorFlow's answers are written down.

Each case is a SavedModel of a few nodes (bytes of saved_model.pb), inputs and TensorFlow's outputs. Values lie on a
coarse grid, so that the file is small. Where TensorFlow's CPU build has no kernel (NCHW, fused operations), the
answer comes from an equal graph that it has.
"""

import base64
import gzip
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

raw = tf.raw_ops
CASES = []
RNG = np.random.default_rng(20240607)


def grid(*shape, low=-2.0, high=2.0, dtype=np.float32):
    """Multiples of 1/32 in [low, high]."""
    return (np.round(RNG.uniform(low, high, shape) * 32) / 32).astype(dtype)


def case(name, fn, *arrays, shapes=None, oracle=None):
    """fn maps placeholders to an output or a list of them; shapes replaces declared dimensions by None."""
    CASES.append((name, fn, arrays, shapes or [a.shape for a in arrays], oracle))


def run(fn, arrays, shapes):
    graph = tf.Graph()
    with graph.as_default():
        holders = [
            tf.compat.v1.placeholder(a.dtype, s, name=f"x{i}") for i, (a, s) in enumerate(zip(arrays, shapes))
        ]
        made = fn(*holders)
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        outputs = [tf.identity(value, name=f"y{i}") for i, value in enumerate(made)]
    return graph, holders, outputs


def answer(graph, holders, outputs, arrays):
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    # TensorFlow's own rewrites are off: one of them turns maximum(x + x, x) into x.
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.compat.v1.Session(graph=graph, config=config) as session:
        return session.run(outputs, dict(zip(holders, arrays)))


def model_bytes(graph, holders, outputs):
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta = model.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = tf.__version__
    meta.meta_info_def.stripped_default_attrs = False
    meta.graph_def.CopyFrom(graph.as_graph_def())
    signature = meta.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    for group, tensors in ((signature.inputs, holders), (signature.outputs, outputs)):
        for tensor in tensors:
            info = group[tensor.op.name]
            info.name = tensor.name
            info.dtype = tensor.dtype.as_datatype_enum
            info.tensor_shape.CopyFrom(tensor.shape.as_proto())
    return model.SerializeToString(deterministic=True)


def write_tensor(array):
    name = "bfloat16" if array.dtype == tf.bfloat16.as_numpy_dtype else str(array.dtype)
    return {"dtype": name, "shape": list(array.shape), "b64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def record(name, fn, arrays, shapes, oracle):
    graph, holders, outputs = run(fn, arrays, shapes)
    if oracle is None:
        answers = answer(graph, holders, outputs, arrays)
    else:
        answers = answer(*run(oracle, arrays, [a.shape for a in arrays]), arrays)
    return {
        "name": name,
        "model_b64": base64.b64encode(model_bytes(graph, holders, outputs)).decode(),
        "inputs": {f"x{i}": write_tensor(a) for i, a in enumerate(arrays)},
        "outputs": {f"y{i}": write_tensor(np.asarray(a)) for i, a in enumerate(answers)},
    }


def dynamic(array, keep=()):
    return [size if axis in keep else None for axis, size in enumerate(array.shape)]


def to_first(x):
    return tf.transpose(x, [0, x.shape.rank - 1, *range(1, x.shape.rank - 1)])


def to_last(x):
    return tf.transpose(x, [0, *range(2, x.shape.rank), 1])


def first(array):
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def integers(low, high, shape):
    return RNG.integers(low, high, shape)


def permutation(count):
    return RNG.permutation(count)


def write(path):
    """Runs every case and writes what came out."""
    cases = []
    for each in CASES:
        try:
            cases.append(record(*each))
        except Exception as error:  # A combination that TensorFlow itself refuses is no case.
            print(f"{each[0]}: {' '.join(str(error).split())[:400]}", file=sys.stderr)
    with open(path, "wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0) as zipped:
            zipped.write(json.dumps({"tensorflow": tf.__version__, "cases": cases}).encode())
    print(f"{len(cases)} of {len(CASES)} cases")

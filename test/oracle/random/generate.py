"""Writes random graphs with TensorFlow's answers.

    python generate.py OUT_DIR --seed S --graphs N [--shard 200] [--only 3,17] [--ahead 6]

A graph is a SavedModel of 1 to 15 steps over operations of all tiers, with inputs at two batch sizes. Files appear
whole, one per shard, as `<number>.json.gz`; `done.json` comes last. With --only, just those graphs, and the answers
of every step in a signature `trace`. With --ahead, it waits while so many shards lie unread.

What is left out, and why:
- steps whose answer moves by more than a tenth of the tolerance when every float32 before it is off by 2^-21 (and
  float64 by 2^-40): no two programs agree on them; so are answers that are not finite, above 1e6 or below 1e-30;
- ranges where TensorFlow's answer is undefined in C (casts that do not fit, shifts by the width, integers by zero);
- the order of two updates of one place; float16 that is rounded more than once (one step is over the tolerance).
"""

import argparse
import collections
import glob
import gzip
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import arrays
import control
import elementwise
import indexing
import strings
import vision
from graph import Graph, Rejected, array_of, same_within
from ops import b64, write_tensor

TIERS = {
    "generic": elementwise.STEPS + arrays.STEPS,
    "vision": vision.STEPS + [(step, weight / 4) for step, weight in elementwise.STEPS + arrays.STEPS],
    "indexing": indexing.STEPS + [(step, weight / 4) for step, weight in elementwise.STEPS + arrays.STEPS],
    "control": control.STEPS + [(step, weight / 4) for step, weight in elementwise.STEPS + arrays.STEPS],
    "strings": strings.STEPS + [(step, weight / 10) for step, weight in elementwise.STEPS + arrays.STEPS + indexing.STEPS],
    "all": elementwise.STEPS + arrays.STEPS + indexing.STEPS + [(s, w / 3) for s, w in control.STEPS] + [(s, w / 2) for s, w in strings.STEPS],
}
SHARES = {"generic": 0.32, "vision": 0.1, "indexing": 0.24, "control": 0.1, "strings": 0.12, "all": 0.12}
WHY = collections.Counter()
REFUSED = (Rejected, tf.errors.OpError, ValueError, TypeError, NotImplementedError, OverflowError, IndexError)


def make(seed, number):
    """A random graph, or None when no step fitted."""
    g = Graph(seed, number)
    tier = str(g.rng.choice(list(SHARES), p=list(SHARES.values())))
    steps, weights = zip(*TIERS[tier])
    weights = np.array(weights) / sum(weights)
    wanted = g.pick(1, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15)
    for _ in range(wanted * 3):
        if len(g.steps) >= wanted:
            break
        step = steps[int(g.rng.choice(len(steps), p=weights))]
        try:
            step(g)
        except REFUSED as error:
            WHY[f"{step.__name__}: {type(error).__name__} {str(error)[:60] if isinstance(error, Rejected) else ''}"] += 1
    return (g, tier) if g.steps else None


def document(g, tier, name, trace):
    outputs = {f"y{i}": v for i, v in enumerate(g.outputs())}
    traced = {f"t{s}_{i}": v for s, step in enumerate(g.steps) for i, v in enumerate(step)} if trace else {}
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta = model.meta_graphs.add()
    with g.graph.as_default():
        ends = {"serving_default": {n: tf.identity(v.symbol, name=n) for n, v in outputs.items()}}
        if trace:
            ends["trace"] = {n: v.symbol for n, v in traced.items()}
        init = tf.group(*g.init_ops, name="init") if any(isinstance(o, tf.Operation) for o in g.init_ops) else None
    meta.meta_info_def.tags.append("serve")
    meta.graph_def.CopyFrom(g.graph.as_graph_def())
    used = reach(meta.graph_def, [t.op.name for t in ends["serving_default"].values()] + (["init"] if init is not None else []))
    if init is not None:
        tensor_info(meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"], "init", None)
    inputs = {v.symbol.op.name: v for v in g.inputs if v.symbol.op.name in used or trace}
    for signature, tensors in ends.items():
        definition = meta.signature_def[signature]
        definition.method_name = "tensorflow/serving/predict"
        for n, v in inputs.items():
            tensor_info(definition.inputs[n], v.symbol.name, v.symbol)
        for n, t in tensors.items():
            tensor_info(definition.outputs[n], t.name, t)
    runs = []
    for which in ("first", "second"):
        runs.append({
            "inputs": {n: write_tensor(array_of(getattr(v, which))) for n, v in inputs.items()},
            "outputs": {n: write_tensor(array_of(getattr(v, which))) for n, v in {**outputs, **traced}.items()},
        })
    ops = collections.Counter(n.op for n in meta.graph_def.node if n.name in used)
    for function in meta.graph_def.library.function:
        ops.update(n.op for n in function.node_def)
    return {
        "name": name,
        "tier": tier,
        "hides": g.hides,
        "ops": sorted(set(ops) - {"Placeholder", "NoOp"}),
        "model_b64": b64(model.SerializeToString(deterministic=True)),
        "runs": runs,
    }


def reach(graph_def, names):
    by_name = {n.name: n for n in graph_def.node}
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop().split(":")[0].lstrip("^")
        if name not in seen:
            seen.add(name)
            todo.extend(by_name[name].input)
    return seen


def tensor_info(info, name, tensor):
    info.name = name
    if tensor is None:
        info.dtype = tf.string.as_datatype_enum
        info.tensor_shape.unknown_rank = True
    else:
        info.dtype = tensor.dtype.as_datatype_enum
        info.tensor_shape.CopyFrom(tensor.shape.as_proto())


def text_or_array(answer):
    return np.array(answer, object) if isinstance(answer, bytes) else np.asarray(answer)


def agrees(g):
    """Whether a session, with TensorFlow's rewrites of graphs, answers as its operations one by one."""
    with tf.compat.v1.Session(graph=g.graph) as session:
        session.run([o for o in g.init_ops if isinstance(o, tf.Operation)])
        values = [v for step in g.steps for v in step][-3:]
        for which in ("first", "second"):
            feeds = {v.symbol: array_of(getattr(v, which)) for v in g.inputs}
            found = session.run([v.symbol for v in values], feeds)
            for v, answer in zip(values, found):
                if not same_within(text_or_array(answer), array_of(getattr(v, which)), 1):
                    return False
    return True


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("out")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--graphs", type=int, default=100)
    parse.add_argument("--shard", type=int, default=200)
    parse.add_argument("--ahead", type=int, default=10**9)
    parse.add_argument("--only", default="")
    given = parse.parse_args()
    os.makedirs(given.out, exist_ok=True)
    only = [int(n) for n in given.only.split(",") if n]
    numbers = only or range(given.graphs)
    shard, files, made, unstable = [], 0, 0, []
    begun = time.time()

    def flush():
        nonlocal shard, files
        while len(glob.glob(os.path.join(given.out, "*.json.gz"))) >= given.ahead:
            time.sleep(0.2)
        path = os.path.join(given.out, f"{files:05d}.json.gz")
        with open(path + ".tmp", "wb") as file:
            file.write(gzip.compress(json.dumps({"cases": shard}, separators=(",", ":")).encode(), 1))
        os.rename(path + ".tmp", path)
        shard, files = [], files + 1

    for number in numbers:
        found = make(given.seed, number)
        if found is None:
            continue
        g, tier = found
        name = f"{given.seed}:{number}"
        # A session per graph costs more than all the rest.
        if number % 40 == 0 and not only and not agrees(g):
            unstable.append(name)
        shard.append(document(g, tier, name, bool(only)))
        made += 1
        if len(shard) >= given.shard:
            flush()
    if shard:
        flush()
    summary = {"graphs": made, "unstable": unstable, "seconds": time.time() - begun, "rejected": dict(WHY.most_common())}
    path = os.path.join(given.out, "done.json")
    with open(path + ".tmp", "w") as file:
        json.dump(summary, file)
    os.rename(path + ".tmp", path)


if __name__ == "__main__":
    main()

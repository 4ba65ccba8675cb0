"""Writes random graphs with TensorFlow's answers.

    python generate.py OUT_DIR --seed S --graphs N [--first 0] [--shard 200] [--only 3,17] [--ahead 6]

A graph is a SavedModel of 1 to 15 steps over operations of all tiers, with inputs at two batch sizes. Files appear
whole, one per shard, as `<number>.json.gz`; `done.json` comes last. With --only, just those graphs, and the answers
of every step in a signature `trace`. With --ahead, it waits while so many shards lie unread.

What is left out, and why:
- steps whose answer moves by more than a tenth of the tolerance when every float32 before it is off by 2^-21 (and
  float64 by 2^-40): no two programs agree on them; so are answers that are not finite, above 1e6 or below 1e-30;
- ranges where TensorFlow's answer is undefined in C (casts that do not fit, shifts by the width, integers by zero);
- the order of two updates of one place; float16 that is rounded more than once (one step is over the tolerance);
- at the edges of types (tier `edges`): what TensorFlow answers one way in a vector and another way at its end.
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

import algebra
import arrays
import control
import edges
import elementwise
import indexing
import layers
import lists
import pictures
import ragged
import records
import sound
import strings
import vision
import windows
from graph import Graph, Rejected, array_of, same_bits, same_within
from ops import b64, write_tensor

def beside(own, share, *others):
    """The steps of a tier, with some of other tiers between them."""
    total = sum(weight for _, weight in own)
    rest = [pair for steps in others for pair in steps]
    scale = share * total / sum(weight for _, weight in rest)
    return own + [(step, weight * scale) for step, weight in rest]


GENERIC = elementwise.STEPS + arrays.STEPS
TIERS = {
    "generic": GENERIC,
    "vision": beside(vision.STEPS, 0.5, GENERIC),
    "windows": beside(windows.STEPS, 0.6, vision.STEPS, GENERIC),
    "pictures": beside(pictures.STEPS, 0.4, GENERIC),
    "indexing": beside(indexing.STEPS, 0.4, GENERIC),
    "layers": beside(layers.STEPS, 0.5, GENERIC),
    "control": beside(control.STEPS + lists.STEPS, 0.5, GENERIC),
    "signal": beside(sound.STEPS + algebra.STEPS, 0.4, GENERIC),
    "strings": beside(strings.STEPS + records.STEPS, 0.2, GENERIC, indexing.STEPS),
    "ragged": beside(ragged.STEPS, 0.3, GENERIC, indexing.STEPS),
    "edges": edges.STEPS,
    "all": beside(GENERIC, 3.0, indexing.STEPS, control.STEPS, lists.STEPS, layers.STEPS, strings.STEPS, records.STEPS, ragged.STEPS, sound.STEPS, algebra.STEPS),
}
SHARES = {"generic": 0.17, "vision": 0.08, "windows": 0.08, "pictures": 0.07, "indexing": 0.13, "layers": 0.08, "control": 0.08, "signal": 0.05, "strings": 0.08, "ragged": 0.05, "edges": 0.07, "all": 0.06}
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
            WHY[f"{step.__name__}: {type(error).__name__} {' '.join(str(error).split())[-70:]}"] += 1
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
    if g.chance(0.3):
        name_stateful(meta.graph_def)
    if g.chance(0.3):
        name_older(meta.graph_def)
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


def name_stateful(graph_def):
    """The forms for bodies that hold a state, which compute the same."""
    names = {"StatelessWhile": "While", "StatelessIf": "If", "StatelessCase": "Case"}
    for nodes in (graph_def.node, *(function.node_def for function in graph_def.library.function)):
        for node in nodes:
            node.op = names.get(node.op, node.op)


def name_older(graph_def):
    """TopKV2 as the TopK that it came from, which TensorFlow writes no more."""
    constants = {node.name: node.attr["value"].tensor for node in graph_def.node if node.op == "Const"}
    for node in graph_def.node:
        if node.op == "TopKV2" and node.input[1] in constants and node.attr["index_type"].type in (0, 3):
            k = int(tf.make_ndarray(constants[node.input[1]]))
            node.op = "TopK"
            del node.input[1:], node.attr["Tk"], node.attr["index_type"]
            node.attr["k"].i = k


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


def is_same(a, b, share):
    return same_within(a, b, share) or (a.shape == b.shape and a.dtype == b.dtype and same_bits(a, b))


def agrees(g):
    """Whether a session, with TensorFlow's rewrites of graphs, answers as its operations one by one."""
    with tf.compat.v1.Session(graph=g.graph) as session:
        session.run([o for o in g.init_ops if isinstance(o, tf.Operation)])
        values = [v for step in g.steps for v in step][-3:]
        for which in ("first", "second"):
            feeds = {v.symbol: array_of(getattr(v, which)) for v in g.inputs}
            found = session.run([v.symbol for v in values], feeds)
            for v, answer in zip(values, found):
                if not is_same(text_or_array(answer), array_of(getattr(v, which)), 1):
                    return False
    return True


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("out")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--graphs", type=int, default=100)
    parse.add_argument("--first", type=int, default=0)
    parse.add_argument("--shard", type=int, default=200)
    parse.add_argument("--ahead", type=int, default=10**9)
    parse.add_argument("--only", default="")
    given = parse.parse_args()
    os.makedirs(given.out, exist_ok=True)
    only = [int(n) for n in given.only.split(",") if n]
    numbers = only or range(given.first, given.first + given.graphs)
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

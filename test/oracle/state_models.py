"""Exports models whose signatures change variables and tables, and TensorFlow's answers to sequences of calls.

    python state_models.py FILE

The file (`*.json.gz`) gets, for each model, its files in base64 and a list of calls in order, each with its
signature, inputs and outputs, all against one loaded model.
"""

import base64
import gzip
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
FLOAT = tf.TensorSpec([None], tf.float32)


class Counters(tf.Module):
    """A total, a history, a conditional change, a loop of changes, and a signature that only reads."""

    def __init__(self):
        super().__init__()
        self.total = tf.Variable([0.5, -1.0, 2.0], name="total")
        self.count = tf.Variable(0, dtype=tf.int64, name="count")
        self.rows = tf.Variable(np.arange(12, dtype=np.float32).reshape(4, 3), name="rows")
        self.scale = tf.Variable(2.0, name="scale")

    @tf.function(input_signature=[tf.TensorSpec([3], tf.float32)])
    def add(self, x):
        before = self.total.read_value()
        self.total.assign_add(x * self.scale)
        self.count.assign_add(1)
        between = self.total.read_value()
        self.total.assign_sub([1.0, 1.0, 1.0])
        return {"before": before, "between": between, "after": self.total, "count": self.count}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def add_if_positive(self, x):
        if x > 0:
            self.total.assign_add(tf.fill([3], x))
            self.count.assign_add(10)
            y = tf.reduce_sum(self.total)
        else:
            y = x
        return {"y": y, "total": self.total}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def repeat(self, times):
        for i in tf.range(times):
            self.total.assign(self.total * 0.5 + tf.cast(i, tf.float32))
            self.count.assign_add(tf.cast(i, tf.int64))
        return {"total": self.total, "count": self.count}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, 3], tf.float32)])
    def scatter(self, at, values):
        self.rows.scatter_nd_add(at[:, None], values)
        self.rows.scatter_update(tf.IndexedSlices(values[:1] * 10.0, at[:1]))
        self.rows.scatter_sub(tf.IndexedSlices(values, at))
        self.rows.scatter_max(tf.IndexedSlices(values, at))
        self.rows.scatter_min(tf.IndexedSlices(values + 20.0, at))
        return {"rows": self.rows}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([None], tf.int32)])
    def look(self, x, at):
        return {
            "y": tf.nn.relu(tf.matmul(x, self.rows) + self.total) * self.scale,
            "picked": tf.gather(self.rows, at),
            "count": self.count,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def untouched(self, x):
        return {"y": x * self.scale}

    @tf.function(input_signature=[tf.TensorSpec([3], tf.float32)])
    def keep(self, x):
        self.total.assign(x)
        return {"x": x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def wrong(self, x):
        self.count.assign_add(100)
        self.total.assign_add(x)
        return {"total": self.total}


class Vocabulary(tf.Module):
    """A table that requests fill, and one that stays as it is."""

    def __init__(self):
        super().__init__()
        self.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)
        self.table.insert(tf.constant(["one", "two"]), tf.constant([1, 2], tf.int64))
        self.fixed = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([7, 8], tf.int64)), -5
        )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int64)])
    def learn(self, words, numbers):
        before = self.table.lookup(words)
        self.table.insert(words, numbers)
        return {"before": before, "size": self.table.size(), "fixed": self.fixed.lookup(words)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def find(self, words):
        return {"numbers": self.table.lookup(words), "fixed": self.fixed.lookup(words)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def forget(self, words):
        self.table.remove(words)
        return {"size": self.table.size()}


COUNTER_SIGNATURES = ["add", "add_if_positive", "repeat", "scatter", "look", "untouched", "keep", "wrong"]


def f32(*values):
    return np.array(values, np.float32)


COUNTER_CALLS = [
    ("look", {"x": f32([1, 2, 3, 4], [0, -1, 0, 1]), "at": np.int32([3, 0])}),
    ("add", {"x": f32(1, 2, 3)}),
    ("add", {"x": f32(-1, 0.25, 1e-3)}),
    ("add_if_positive", {"x": np.float32(2.5)}),
    ("add_if_positive", {"x": np.float32(-2.5)}),
    ("repeat", {"times": np.int32(3)}),
    ("repeat", {"times": np.int32(0)}),
    ("scatter", {"at": np.int32([1, 3, 1]), "values": f32([1, 2, 3], [4, 5, 6], [-7, 30, 9])}),
    ("look", {"x": f32([1, 2, 3, 4]), "at": np.int32([1, 1, 2])}),
    ("untouched", {"x": f32(1, 2)}),
    ("keep", {"x": f32(5, 6, 7)}),
    ("look", {"x": f32([0, 0, 0, 0]), "at": np.int32([])}),
    ("wrong", {"x": f32(1, 2)}),
    ("look", {"x": f32([0, 0, 0, 0]), "at": np.int32([0])}),
]


def text(*values):
    return np.array(values, object)


TABLE_CALLS = [
    ("find", {"words": text("one", "three", "a")}),
    ("learn", {"words": text("three", "one", "three"), "numbers": np.int64([3, 11, 33])}),
    ("find", {"words": text("one", "two", "three", "b")}),
    ("forget", {"words": text("two", "nothing")}),
    ("find", {"words": text("one", "two", "three")}),
    ("learn", {"words": text(), "numbers": np.int64([])}),
]


def old_model(path):
    """Reference variables, as TensorFlow 1 exports them: readings and assignments ordered by control edges."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        state = v1.get_variable("state", initializer=np.float32([1, 2, 3]), use_resource=False)
        table = v1.get_variable("table", initializer=np.float32([[1, 2], [3, 4], [5, 6]]), use_resource=False)
        x = v1.placeholder(tf.float32, [3], "x")
        at = v1.placeholder(tf.int32, [None], "at")
        rows = v1.placeholder(tf.float32, [None, 2], "rows")
        before = state + 0.0
        with tf.control_dependencies([before]):
            added = v1.assign_add(state, x)
        with tf.control_dependencies([added]):
            doubled = v1.assign(state, state * 2.0)
        with tf.control_dependencies([doubled]):
            after = state + 0.0
        scattered = v1.scatter_add(table, at, rows)
        with tf.control_dependencies([scattered]):
            updated = v1.scatter_update(table, at[:1], rows[:1])
        session.run(v1.global_variables_initializer())
        build = v1.saved_model.signature_def_utils.predict_signature_def
        builder = v1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "step": build({"x": x}, {"before": before, "added": after}),
                "scatter": build({"at": at, "rows": rows}, {"table": updated}),
                # What this gives is an accident of memory: it has to be refused.
                "racing": build({"x": x}, {"early": tf.identity(state), "late": doubled}),
                "look": build({"x": x}, {"y": state * x, "table": table.value()}),
            },
        )
        builder.save()


OLD_CALLS = [
    ("look", {"x": f32(1, 1, 1)}),
    ("step", {"x": f32(1, 2, 3)}),
    ("step", {"x": f32(0, -1, 0.5)}),
    ("scatter", {"at": np.int32([2, 0, 2]), "rows": f32([10, 20], [30, 40], [1, 1])}),
    ("look", {"x": f32(1, 2, 3)}),
]


def plain(value):
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind in "SU":
        data = [each if isinstance(each, str) else each.decode() for each in array.ravel()]
        return {"dtype": "string", "shape": list(array.shape), "data": data}
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": [str(each) for each in array.ravel()]}


def record(path, calls, call):
    """`call` runs a signature of the one loaded model."""
    answers = []
    for name, inputs in calls:
        answer = {"signature": name, "inputs": {key: plain(value) for key, value in inputs.items()}}
        try:
            answer["outputs"] = {key: plain(value) for key, value in call(name, inputs).items()}
        except tf.errors.InvalidArgumentError as error:
            answer["refused"] = str(error).splitlines()[0][:200]
        answers.append(answer)
    root = pathlib.Path(path)
    parts = [each for each in sorted(root.rglob("*")) if each.is_file()]
    files = {str(each.relative_to(root)): base64.b64encode(each.read_bytes()).decode() for each in parts}
    return {"files": files, "calls": answers}


def record_new(path, calls):
    loaded = tf.saved_model.load(path)

    def call(name, inputs):
        types = {key: tf.string if value.dtype == object else None for key, value in inputs.items()}
        tensors = {key: tf.constant(value, types[key]) for key, value in inputs.items()}
        return {key: value.numpy() for key, value in loaded.signatures[name](**tensors).items()}

    return record(path, calls, call)


def record_old(path, calls):
    with v1.Session(graph=tf.Graph()) as session:
        signatures = v1.saved_model.load(session, ["serve"], path).signature_def

        def call(name, inputs):
            signature = signatures[name]
            fetches = {key: info.name for key, info in signature.outputs.items()}
            return session.run(fetches, {signature.inputs[key].name: value for key, value in inputs.items()})

        return record(path, calls, call)


def export(directory):
    counters = os.path.join(directory, "counters")
    module = Counters()
    tf.saved_model.save(module, counters, {name: getattr(module, name) for name in COUNTER_SIGNATURES})
    vocabulary = os.path.join(directory, "vocabulary")
    words = Vocabulary()
    tf.saved_model.save(words, vocabulary, {name: getattr(words, name) for name in ["learn", "find", "forget"]})
    old = os.path.join(directory, "references")
    old_model(old)
    return {
        "counters": record_new(counters, COUNTER_CALLS),
        "vocabulary": record_new(vocabulary, TABLE_CALLS),
        "references": record_old(old, OLD_CALLS),
    }


def main(file):
    with tempfile.TemporaryDirectory() as directory:
        models = export(directory)
    with gzip.GzipFile(file, "wb", mtime=0) as out:
        out.write(json.dumps(models, indent=1).encode())


main(sys.argv[1])

"""Records what TensorFlow's tf.Example parsers answer: test/fixtures/parse-kernels.json."""
import numpy as np
import tensorflow as tf

from kernel_recorder import Recorder, strings

recorder = Recorder()
F = tf.train.Feature


def example(**features):
    made = {}
    for name, values in features.items():
        if values is None:
            made[name] = F()
        elif len(values) and isinstance(values[0], bytes):
            made[name] = F(bytes_list=tf.train.BytesList(value=values))
        elif len(values) and isinstance(values[0], float):
            made[name] = F(float_list=tf.train.FloatList(value=values))
        else:
            made[name] = F(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


full = example(f=[1.5, -2.0], i=[7], s=[b"a", b"bc"], v=[1, 2, 3], w=[0.5, 0.25, 1.0, 2.0], r=[4, 5], q=[0.125])
part = example(f=[3.0, 4.0], i=[-9], s=None, w=[9.0, 8.0], r=[6])
nothing = example()
wrong = example(f=[1, 2], i=[7])
short = example(f=[1.5], i=[7])
# int64 values that are not packed, and a feature map entry with the value in front of the key
unpacked = bytes([0x0A, 0x0B, 0x0A, 0x09, 0x12, 0x04, 0x1A, 0x02, 0x08, 0x05, 0x0A, 0x01, 0x69])
obj = lambda *keys: [np.array(k, dtype=object) for k in keys]

S = tf.TensorShape
TYPES = {"Tdense": [tf.float32, tf.int64]}
V1 = {"sparse_types": [tf.int64, tf.string], "dense_shapes": [S([2]), S([])]}
for rows in ([full], [full, part, nothing], [full, part, short], [full, wrong], [], [full, b"\xff\xff"], [unpacked, unpacked]):
    for default_f in (np.array([], np.float32), np.array([10.0, 20.0], np.float32)):
        # the eager op takes its list lengths and types from its arguments
        recorder.case("ParseExample", {
            "serialized": np.array(rows, dtype=object), "names": np.array([], dtype=object),
            "sparse_keys": obj(b"v", b"s"), "dense_keys": obj(b"f", b"i"),
            "dense_defaults": [default_f, np.array(-1, np.int64)]}, V1, {**TYPES, "Nsparse": 2, "Ndense": 2})

V2 = {"num_sparse": 2, "sparse_types": [tf.int64, tf.string], "ragged_value_types": [tf.int64, tf.float32], "ragged_split_types": [tf.int64, tf.int32]}
for rows in ([full], [full, part, nothing], [part, short], [wrong], []):
    for shapes, defaults in (
        ([[2], []], [np.array([1.0, 2.0], np.float32), np.array(-1, np.int64)]),
        ([[None, 2], [1]], [np.array(0.75, np.float32), np.array([3], np.int64)]),
    ):
        recorder.case("ParseExampleV2", {
            "serialized": np.array(rows, dtype=object), "names": np.array([], dtype=object),
            "sparse_keys": strings(b"v", b"s"), "dense_keys": strings(b"w" if shapes[0][0] is None else b"f", b"i"),
            "ragged_keys": strings(b"r", b"q"), "dense_defaults": defaults}, {**V2, "dense_shapes": [S(x) for x in shapes]}, TYPES)
for row in (full, part, nothing):
    recorder.case("ParseExampleV2", {
        "serialized": np.array(row, dtype=object), "names": np.array([], dtype=object),
        "sparse_keys": strings(b"v", b"s"), "dense_keys": strings(b"f", b"i"), "ragged_keys": strings(b"r", b"q"),
        "dense_defaults": [np.array([1.0, 2.0], np.float32), np.array(-1, np.int64)]}, {**V2, "dense_shapes": [S([2]), S([])]}, TYPES)
    recorder.case("ParseSingleExample", {
        "serialized": np.array(row, dtype=object), "dense_defaults": [np.array([1.0, 2.0], np.float32), np.array(-1, np.int64)]},
        {"num_sparse": 2, "sparse_keys": ["v", "s"], "dense_keys": ["f", "i"], "sparse_types": [tf.int64, tf.string], "dense_shapes": [S([2]), S([])]}, TYPES)
recorder.write("parse-kernels.json")

"""Records what TensorFlow's ragged, sparse, counting, crossing and sequence-parsing ops answer."""
import os
import sys

import numpy as np
import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kernel_recorder import Recorder, strings

recorder = Recorder()
case = recorder.case
i64 = lambda *v: np.array(v, np.int64)
i32 = lambda *v: np.array(v, np.int32)
f32 = lambda *v: np.array(v, np.float32)

for dtype in (np.int32, np.int64, np.float32, np.float64):
    a = lambda *v: np.array(v, dtype)
    case("RaggedRange", {"starts": a(0, 5, 8), "limits": a(3, 5, 2), "deltas": a(1, 2, -3)}, {"Tsplits": tf.int64})
    case("RaggedRange", {"starts": dtype(1), "limits": a(3, 0), "deltas": dtype(1)}, {"Tsplits": tf.int32})
case("RaggedRange", {"starts": f32(0, 0.1), "limits": f32(1, 2), "deltas": f32(0.3, 0.1)}, {"Tsplits": tf.int64})
case("RaggedRange", {"starts": i32(0), "limits": i32(3), "deltas": i32(0)}, {"Tsplits": tf.int64})
case("RaggedRange", {"starts": i32(0, 1), "limits": i32(3, 4, 5), "deltas": i32(1)}, {"Tsplits": tf.int64})

values = np.arange(12, dtype=np.float32).reshape(6, 2)
for indices in (i64(2, 0, 0), i64(), np.array([[1, 0], [2, 2]], np.int32), i64(3), i64(-1)):
    out = 1 + indices.ndim - 1
    case("RaggedGather", {"params_nested_splits": [i64(0, 2, 2, 6)], "params_dense_values": values, "indices": indices}, {"OUTPUT_RAGGED_RANK": out}, {"PARAMS_RAGGED_RANK": 1})
    case("RaggedGather", {"params_nested_splits": [i32(0, 2, 2, 3), i32(0, 1, 4, 6)], "params_dense_values": strings(*"abcdef"), "indices": indices}, {"OUTPUT_RAGGED_RANK": out + 1}, {"PARAMS_RAGGED_RANK": 2})

for vals in (values, strings(*"abcdef")):
    case("RaggedTensorToSparse", {"rt_nested_splits": [i64(0, 2, 2, 6)], "rt_dense_values": vals}, {}, {"RAGGED_RANK": 1})
    case("RaggedTensorToSparse", {"rt_nested_splits": [i32(0, 2, 2, 3), i32(0, 1, 4, 6)], "rt_dense_values": vals}, {}, {"RAGGED_RANK": 2})
case("RaggedTensorToSparse", {"rt_nested_splits": [i64(0)], "rt_dense_values": f32()}, {}, {"RAGGED_RANK": 1})
case("RaggedTensorToSparse", {"rt_nested_splits": [i64(0, 9)], "rt_dense_values": f32(1)}, {}, {"RAGGED_RANK": 1})

for shape in (np.int64(-1), i64(-1, -1), i64(-1, 3), i64(2, 2), i64(5, 1), i64(5, -1)):
    case("RaggedTensorToTensor", {"shape": shape, "values": f32(1, 2, 3, 4, 5, 6), "default_value": np.float32(9), "row_partition_tensors": [i64(0, 2, 2, 6)]}, {"row_partition_types": ["ROW_SPLITS"]}, {"num_row_partition_tensors": 1})
    case("RaggedTensorToTensor", {"shape": shape, "values": strings(*"abcdef"), "default_value": np.array(b"-", object), "row_partition_tensors": [np.int64(4), i64(0, 0, 0, 2, 2, 3)]}, {"row_partition_types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]}, {"num_row_partition_tensors": 2})
for shape in (np.int64(-1), i64(-1, -1, -1), i64(2, 2, 2)):
    case("RaggedTensorToTensor", {"shape": shape, "values": i32(1, 2, 3, 4, 5, 6), "default_value": np.int32(0), "row_partition_tensors": [i64(0, 2, 2, 3), i64(0, 1, 4, 6)]}, {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]}, {"num_row_partition_tensors": 2})
    case("RaggedTensorToTensor", {"shape": shape, "values": values, "default_value": f32(7, 8), "row_partition_tensors": [i64(0, 2, 2, 6)]}, {"row_partition_types": ["ROW_SPLITS"]}, {"num_row_partition_tensors": 1})
case("RaggedTensorToTensor", {"shape": i64(-1, -1, 3), "values": values, "default_value": f32(7, 8), "row_partition_tensors": [i64(0, 2, 2, 6)]}, {"row_partition_types": ["ROW_SPLITS"]}, {"num_row_partition_tensors": 1})

for vals, default in ((f32(1, 2, 3), np.float32(-1)), (strings(*"abc"), np.array(b"?", object))):
    case("RaggedFillEmptyRows", {"value_rowids": i64(1, 1, 3), "values": vals, "nrows": np.int64(5), "default_value": default})
case("RaggedFillEmptyRows", {"value_rowids": i64(1, 1, 6), "values": f32(1, 2, 3), "nrows": np.int64(5), "default_value": np.float32(0)})

counted = np.array([[1, 3, 1, 0], [4, 4, 4, 2]], np.int64)
weights = np.array([[0.5, 1, 2, 3], [0.1, 0.2, 0.3, 4]], np.float32)
for low, high in ((-1, -1), (8, -1), (-1, 3), (2, 2)):
    for binary in (False, True):
        limits = {"minlength": low, "maxlength": high, "binary_output": binary}
        for w in (f32(), weights):
            if binary and w.size:
                continue
            case("DenseCountSparseOutput", {"values": counted, "weights": w}, limits)
            case("DenseCountSparseOutput", {"values": counted[0].astype(np.int32), "weights": w[0] if w.size else w}, limits)
            flat = w.reshape(-1)
            case("RaggedCountSparseOutput", {"splits": i64(0, 3, 3, 8), "values": counted.reshape(-1), "weights": flat}, limits)
            case("SparseCountSparseOutput", {"indices": np.array([[0, i] for i in range(4)] + [[2, i] for i in range(4)]), "values": counted.reshape(-1), "dense_shape": i64(3, 4), "weights": flat}, limits)
case("DenseCountSparseOutput", {"values": i64(1, -1), "weights": f32()}, {"minlength": -1, "maxlength": -1, "binary_output": False})
for binary in (False, True):
    for w in (f32(), weights.reshape(-1), np.arange(8)):
        for size in (3, 6):
            if binary and w.size:
                continue
            case("RaggedBincount", {"splits": i64(0, 3, 3, 8), "values": counted.reshape(-1), "size": np.int64(size), "weights": w}, {"binary_output": binary})
            case("SparseBincount", {"indices": np.array([[0, i] for i in range(4)] + [[2, i] for i in range(4)]), "values": counted.reshape(-1), "dense_shape": i64(3, 4), "size": np.int64(size), "weights": w}, {"binary_output": binary})
            case("SparseBincount", {"indices": np.arange(8)[:, None], "values": counted.reshape(-1).astype(np.int32), "dense_shape": i64(8), "size": np.int32(size), "weights": w}, {"binary_output": binary})
case("RaggedBincount", {"splits": i64(0, 2), "values": i64(1, -1), "size": np.int64(3), "weights": f32()}, {"binary_output": False})

ia = np.array([[0, 0], [0, 1], [2, 0]], np.int64)
ib = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [2, 1]], np.int64)
va, vb = strings(b"x", b"y\xff", b""), np.array([1, -2, 3, 4, 2**40], np.int64)
dense = np.array([[b"d", b"e"], [b"f", b"g"], [b"h", b""]], object)
shapes = [i64(3, 2), i64(3, 3)]
sparse = {"indices": [ia, ib], "values": [va, vb], "shapes": shapes}
types = {"N": 2, "sparse_types": [tf.string, tf.int64]}
for dense_inputs, dense_types in (([], []), ([dense], [tf.string]), ([np.array([[7], [8], [9]], np.int64)], [tf.int64])):
    implied = {**types, "dense_types": dense_types}
    for buckets in (0, 100):
        case("SparseCross", {**sparse, "dense_inputs": dense_inputs}, {"hashed_output": True, "num_buckets": buckets, "hash_key": 0xDECAFCAFFE, "out_type": tf.int64, "internal_type": tf.int64}, implied)
        if dense_types == [tf.int64]:
            continue
        # TensorFlow 2.21 itself crashes on strong hashes of dense columns.
        for strong in (False,) if dense_inputs else (False, True):
            case("SparseCrossHashed", {**sparse, "dense_inputs": dense_inputs, "num_buckets": np.int64(buckets), "strong_hash": np.bool_(strong), "salt": i64(137, 173)}, {}, implied)
    case("SparseCross", {**sparse, "dense_inputs": dense_inputs}, {"hashed_output": False, "num_buckets": 0, "hash_key": 1, "out_type": tf.string, "internal_type": tf.int64}, implied)
    case("SparseCrossV2", {**sparse, "dense_inputs": dense_inputs, "sep": np.array(b"-", object)}, {}, implied)
for hashed in (True, False):
    case("RaggedCross", {"ragged_values": [va, vb], "ragged_row_splits": [i64(0, 2, 2, 3), i64(0, 3, 4, 5)], "sparse_indices": [ib], "sparse_values": [strings(*"abcde")], "sparse_shape": [i64(3, 3)], "dense_inputs": [dense]},
         {"input_order": "RSDR", "hashed_output": hashed, "num_buckets": 50, "hash_key": 956888297470, "out_values_type": tf.int64 if hashed else tf.string, "out_row_splits_type": tf.int64},
         {"Nsparse": 1, "ragged_values_types": [tf.string, tf.int64], "ragged_splits_types": [tf.int64, tf.int64], "sparse_values_types": [tf.string], "dense_types": [tf.string]})

mixed = np.array([[2, 1], [0, 1], [0, 0], [2, 0]], np.int64)
for vals in (f32(1, 2, 3, 4), strings(*"abcd")):
    case("SparseReorder", {"input_indices": mixed, "input_values": vals, "input_shape": i64(3, 2)})
    for axis, n in ((0, 2), (1, 2), (0, 3), (0, 4), (-1, 2)):
        case("SparseSplit", {"split_dim": np.int64(axis), "indices": mixed[[2, 1, 3, 0]], "values": vals, "shape": i64(3, 2)}, {"num_split": n})
ordered, shape32 = mixed[[2, 1, 3, 0]], i64(3, 2)
for op in ("SparseDenseCwiseAdd", "SparseDenseCwiseMul", "SparseDenseCwiseDiv"):
    for d in (np.arange(1, 7, dtype=np.float32).reshape(3, 2), f32(2, 4), np.array([[3.0]], np.float32)):
        case(op, {"sp_indices": ordered, "sp_values": f32(1, 2, 3, 4), "sp_shape": shape32, "dense": d})
for op in ("SparseReduceSum", "SparseReduceMax"):
    for axes in ([0], [1], [-1], [0, 1], []):
        for keep in (False, True):
            for vals in (f32(1.5, -2, 3, 4), i64(-1, -2, 3, 4)):
                case(op, {"input_indices": ordered, "input_values": vals, "input_shape": shape32, "reduction_axes": np.array(axes, np.int32)}, {"keep_dims": keep})
for thresh in (0.0, 1.5):
    case("SparseAdd", {"a_indices": ordered, "a_values": f32(1, 2, 3, 4), "a_shape": shape32, "b_indices": np.array([[0, 0], [1, 1]], np.int64), "b_values": f32(-1, 5), "b_shape": shape32, "thresh": np.float32(thresh)})
case("SparseSoftmax", {"sp_indices": ordered, "sp_values": f32(0, 0, 2, 2), "sp_shape": shape32})

feature = lambda v: (tf.train.Feature(bytes_list=tf.train.BytesList(value=v)) if v and isinstance(v[0], bytes)
                     else tf.train.Feature(float_list=tf.train.FloatList(value=v)) if v and isinstance(v[0], float)
                     else tf.train.Feature(int64_list=tf.train.Int64List(value=v)) if v else tf.train.Feature())


def sequence(context, lists):
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={k: feature(v) for k, v in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={k: tf.train.FeatureList(feature=[feature(r) for r in v]) for k, v in lists.items()}),
    ).SerializeToString()


full = sequence({"a": [3], "t": [b"p", b"q"], "r": [b"u"]}, {"w": [[1.0, 2.0], [3.0, 4.0]], "s": [[b"x"], [], [b"y", b"z"]], "q": [[b"1"], [], [b"2", b"3"], [b"4"]]})
thin = sequence({"a": [5]}, {"w": [[9.0, 8.0]]})
bare = sequence({}, {})
for rows in ([full, thin], [thin], [full, bare], [], [b"\xff"], [sequence({"a": [1]}, {"w": [[1.0]]})], [sequence({"a": [1]}, {"w": [[1], [2]]})]):
    for empty_ok in (True, False):
        case("ParseSequenceExampleV2", {
            "serialized": strings(*rows), "debug_name": strings(), "context_sparse_keys": strings(b"t"), "context_dense_keys": strings(b"a"), "context_ragged_keys": strings(b"r"),
            "feature_list_sparse_keys": strings(b"s"), "feature_list_dense_keys": strings(b"w"), "feature_list_ragged_keys": strings(b"q"),
            "feature_list_dense_missing_assumed_empty": np.array([empty_ok]), "context_dense_defaults": [i64(7)]},
            {"Ncontext_sparse": 1, "context_sparse_types": [tf.string], "context_ragged_value_types": [tf.string], "context_ragged_split_types": [tf.int64], "context_dense_shapes": [tf.TensorShape([1])],
             "Nfeature_list_sparse": 1, "Nfeature_list_dense": 1, "feature_list_dense_types": [tf.float32], "feature_list_sparse_types": [tf.string], "feature_list_ragged_value_types": [tf.string],
             "feature_list_ragged_split_types": [tf.int32], "feature_list_dense_shapes": [tf.TensorShape([2])]}, {"Tcontext_dense": [tf.int64]})
        case("ParseSequenceExample", {"serialized": strings(*rows), "debug_name": strings(), "context_dense_defaults": [i64(7)]},
            {"feature_list_dense_missing_assumed_empty": ["w"] if empty_ok else [], "context_sparse_keys": ["t"], "context_dense_keys": ["a"], "feature_list_sparse_keys": ["s"], "feature_list_dense_keys": ["w"],
             "Ncontext_sparse": 1, "Ncontext_dense": 1, "Nfeature_list_sparse": 1, "Nfeature_list_dense": 1, "context_sparse_types": [tf.string], "feature_list_dense_types": [tf.float32], "context_dense_shapes": [tf.TensorShape([1])],
             "feature_list_sparse_types": [tf.string], "feature_list_dense_shapes": [tf.TensorShape([2])]}, {"Tcontext_dense": [tf.int64]})

case("Add", {"x": strings(b"a", b"", b"\xff"), "y": np.array(b"!", object)})
case("Add", {"x": np.array([[b"a"], [b"b"]], object), "y": strings(b"x", b"y", b"")})
case("Add", {"x": strings(b"a", b"b"), "y": strings(b"x", b"y", b"")})

recorder.write("ragged-sparse-kernels.json")

"""Tier 4: records of features, padded bytes, texts from and to parts."""

import numpy as np
import tensorflow as tf

from graph import F32, Rejected
from strings import WORDS, plain, random_texts, text

raw = tf.raw_ops
EMPTY = np.array([], object)


def feature(values):
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values)) if values else tf.train.Feature()


def example(g):
    made = {"i": feature([g.int(-9, 9)]), "f": feature([float(v) for v in g.random(F32, [2])])}
    if g.chance(0.6):
        made["s"] = feature([g.pick(*WORDS)])
    if g.chance(0.7):
        made["v"] = feature([g.int(0, 9) for _ in range(g.int(0, 3))])
    if g.chance(0.7):
        made["r"] = feature([g.pick(*WORDS) for _ in range(g.int(0, 2))])
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def examples(g):
    keys = [np.array([k], object) for k in (b"i", b"f", b"s")]
    defaults = [np.array([], np.int64), np.array([], F32), np.array(b"?", object)]
    shapes = [[1], [2], []]
    kind = g.int(0, 2)
    if kind == 0:
        x = g.input(object, [], batched=False, array=lambda _: np.array(example(g), object))
        return g.apply(lambda t: raw.ParseSingleExample(serialized=t, dense_defaults=defaults, num_sparse=1, sparse_keys=["v"], dense_keys=["i", "f", "s"], sparse_types=[tf.int64], dense_shapes=shapes), x)

    def rows(size):
        made = np.empty(size, object)
        made[...] = [example(g) for _ in range(size[0])]
        return made

    x = g.input(object, [g.batches[0]], array=rows)
    if kind == 1:
        scalars = [np.array(k[0], object) for k in keys]
        return g.apply(lambda t: raw.ParseExample(serialized=t, names=EMPTY, sparse_keys=[np.array(b"v", object)], dense_keys=scalars, dense_defaults=defaults, sparse_types=[tf.int64], dense_shapes=shapes), x)
    splits = g.pick(tf.int32, tf.int64)
    return g.apply(lambda t: raw.ParseExampleV2(serialized=t, names=EMPTY, sparse_keys=np.array([b"v"], object), dense_keys=np.concatenate(keys), ragged_keys=np.array([b"r"], object), dense_defaults=defaults, num_sparse=1, sparse_types=[tf.int64], ragged_value_types=[tf.string], ragged_split_types=[splits], dense_shapes=shapes), x)


def sequence(g):
    steps = g.int(0, 3)
    context = {"a": feature([g.int(-9, 9)])} if g.chance(0.7) else {}
    if g.chance(0.6):
        context["t"] = feature([g.pick(*WORDS) for _ in range(g.int(1, 2))])
    lists = {"w": tf.train.FeatureList(feature=[feature([float(v) for v in g.random(F32, [2])]) for _ in range(steps)])}
    if g.chance(0.7):
        lists["s"] = tf.train.FeatureList(feature=[feature([g.pick(*WORDS) for _ in range(g.int(0, 2))]) for _ in range(g.int(0, 3))])
    return tf.train.SequenceExample(context=tf.train.Features(feature=context), feature_lists=tf.train.FeatureLists(feature_list=lists)).SerializeToString()


def sequences(g):
    def rows(size):
        made = np.empty(size, object)
        made[...] = [sequence(g) for _ in range(size[0])]
        return made

    x = g.input(object, [g.batches[0]], array=rows)
    a = np.array([7], np.int64)
    if g.chance(0.5):
        return g.apply(lambda t: raw.ParseSequenceExample(serialized=t, debug_name=EMPTY, context_dense_defaults=[a], feature_list_dense_missing_assumed_empty=["w"], context_sparse_keys=["t"], context_dense_keys=["a"], feature_list_sparse_keys=["s"], feature_list_dense_keys=["w"], Ncontext_sparse=1, Ncontext_dense=1, Nfeature_list_sparse=1, Nfeature_list_dense=1, context_sparse_types=[tf.string], feature_list_dense_types=[tf.float32], context_dense_shapes=[[1]], feature_list_sparse_types=[tf.string], feature_list_dense_shapes=[[2]]), x)
    keys = lambda k: np.array([k] if k else [], object)
    return g.apply(lambda t: raw.ParseSequenceExampleV2(serialized=t, debug_name=EMPTY, context_sparse_keys=keys(b"t"), context_dense_keys=keys(b"a"), context_ragged_keys=EMPTY, feature_list_sparse_keys=EMPTY, feature_list_dense_keys=keys(b"w"), feature_list_ragged_keys=keys(b"s"), feature_list_dense_missing_assumed_empty=np.array([True]), context_dense_defaults=[a], Ncontext_sparse=1, context_sparse_types=[tf.string], context_ragged_value_types=[], context_ragged_split_types=[], context_dense_shapes=[[1]], Nfeature_list_sparse=0, Nfeature_list_dense=1, feature_list_dense_types=[tf.float32], feature_list_sparse_types=[], feature_list_ragged_value_types=[tf.string], feature_list_ragged_split_types=[tf.int64], feature_list_dense_shapes=[[2]]), x)


def padded(g):
    dtype, little, size = g.pick(np.uint8, np.int16, np.int32), g.chance(0.7), g.pick(4, 8)
    x = g.input(object, g.dims(1), array=lambda s: random_texts(g, s, [b"", b"abcdefgh", b"\x01\x00\x00\x00", b"12"]))
    return g.apply(lambda t: raw.DecodePaddedRaw(input_bytes=t, fixed_length=np.int32(size), out_type=dtype, little_endian=little), x)


def written(g):
    kind = g.int(0, 2)
    if kind == 0:
        x = g.value((np.int32, np.int64, bool), most=2)
        form, shown = g.pick("value: {}", "{}!", "<{}>"), g.int(1, 4)
        return g.apply(lambda t: raw.StringFormat(inputs=[t], template=form, placeholder="{}", summarize=shown), x)
    if kind == 1:
        splits = np.cumsum([0, *(g.int(0, 3) for _ in range(g.int(0, 3)))]).astype(g.pick(np.int32, np.int64))
        codes = np.array([g.pick(65, 97, 233, 26085, 128512, 55296, 1114112, 0) for _ in range(int(splits[-1]))], np.int32)
        form, errors = g.pick("UTF-8", "UTF-16-BE", "UTF-32-BE"), g.pick("replace", "ignore")
        return g.apply(lambda v, s: raw.UnicodeEncode(input_values=v, input_splits=s, output_encoding=form, errors=errors, replacement_char=65533), g.feed(codes), g.feed(splits))
    x = plain(g, least=1, most=2)
    if not x.static(0):
        raise Rejected("batch")
    count = g.int(1, 4)
    ids = g.feed(g.random(g.pick(np.int32, np.int64), [x.shape[0]], 0, count - 1))
    separator = g.pick("", "-")
    return g.apply(lambda t, i: raw.UnsortedSegmentJoin(inputs=t, segment_ids=i, num_segments=np.int32(count), separator=separator), x, ids)


def old_table(g):
    """A table of TensorFlow 1, whose handle is a text that is written to."""
    keys, values = np.array([b"a", b"fox", b"12", b""], object), np.array([10, 20, 30, 40], np.int64)
    x, wants = text(g), g.pick("find", "size", "size2")
    name = f"old{g.int(0, 2**40)}_{id(g)}"

    def modern(t):
        handle = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name=name)
        raw.LookupTableImportV2(table_handle=handle, keys=tf.constant(keys), values=tf.constant(values))
        return raw.LookupTableFindV2(table_handle=handle, keys=t, default_value=np.int64(-1)) if wants == "find" else raw.LookupTableSizeV2(table_handle=handle)

    def older(t):
        if wants == "size2":
            handle = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name=name)
            g.init_ops.append(raw.LookupTableImportV2(table_handle=handle, keys=tf.constant(keys), values=tf.constant(values)))
            return raw.LookupTableSizeV2(table_handle=handle)
        handle = raw.HashTable(key_dtype=tf.string, value_dtype=tf.int64, shared_name=name)
        g.init_ops.append(raw.LookupTableImport(table_handle=handle, keys=tf.constant(keys), values=tf.constant(values)))
        return raw.LookupTableFind(table_handle=handle, keys=t, default_value=np.int64(-1)) if wants == "find" else raw.LookupTableSize(table_handle=handle)

    return g.apply(modern, x, symbolic=older)


STEPS = [(examples, 2), (sequences, 2), (padded, 1), (written, 2), (old_table, 1.5)]

"""Tier 4: texts (which are bytes), numbers in texts, hashes, tables, records."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, INTS, NUMBERS, Rejected

raw = tf.raw_ops
WORDS = [b"", b"a", b"fox", b"The Quick", b" padded ", b"x,y;z", b"12", b"-3.5", b"\xc3\xbcber stra\xc3\x9fe", b"\xe6\x97\xa5\xe6\x9c\xac", b"\xff\xfe\x00z", b"UPPER lower", b"tab\tend\n", b"aaa bbb  aaa", b"1e3", b"longer text that does not fit into one short string"]
PLAIN = [w for w in WORDS if all(32 <= c < 127 for c in w)]


def random_texts(g, shape, words=WORDS):
    made = np.empty(shape, object)
    made[...] = b""
    for place in np.ndindex(*shape):
        made[place] = g.pick(*words)
    return made if shape else np.array(made.item(), object)


def text(g, **limits):
    return g.value(object, **limits)


def plain(g, words=PLAIN, least=0, most=2):
    """Texts of one alphabet."""
    shape = g.dims(g.int(least, most))
    if shape and g.chance(0.6):
        return g.input(object, shape, array=lambda size: random_texts(g, size, words))
    return g.input(object, shape, batched=False, array=lambda size: random_texts(g, size, words))


def letters(g):
    op = g.pick("StringLower", "StringUpper", "StringStrip", "StringLength", "EncodeBase64")
    x = text(g)
    if op in ("StringLower", "StringUpper"):
        x = plain(g, [w for w in WORDS if b"\xff" not in w])
        encoding = g.pick("", "utf-8")
        return g.apply(lambda t: getattr(raw, op)(input=t, encoding=encoding), x)
    if op == "StringLength":
        unit = g.pick("BYTE", "UTF8_CHAR")
        return g.apply(lambda t: raw.StringLength(input=t, unit=unit), x)
    if op == "EncodeBase64":
        pad = g.chance(0.5)
        both = g.chance(0.5)
        fn = lambda t: raw.EncodeBase64(input=t, pad=pad)
        return g.apply((lambda t: raw.DecodeBase64(input=fn(t))) if both else fn, x)
    return g.apply(lambda t: raw.StringStrip(input=t), x)


def join(g):
    x = text(g)
    if g.chance(0.6):
        others = [x, g.partner(x), g.constant(np.array(b"+", object))][: g.int(1, 3)]
        # Shapes must be equal, or scalars.
        others = [v for v in others if v.rank == 0 or (v.first.shape, v.second.shape) == (x.first.shape, x.second.shape)]
        separator = g.pick("", "-", ", ")
        return g.apply(lambda *t: raw.StringJoin(inputs=list(t), separator=separator), *others)
    axes = np.array([a for a in range(x.rank) if g.chance(0.5)], np.int32)
    keep, separator = g.chance(0.5), g.pick("", "|")
    return g.apply(lambda t: raw.ReduceJoin(inputs=t, reduction_indices=axes, keep_dims=keep, separator=separator), x)


def pattern(g):
    x = plain(g)
    regex = g.pick("[aeiou]", "a+", "^.", "\\s+", "(\\w)(\\w)", "[^a-z]", "x|y", "\\d+", "q?u", "b{2,}", "$")
    rewrite = g.pick("", "_", "<\\0>", "\\\\")
    all_ = g.chance(0.6)
    kind = g.int(0, 3)
    if kind == 0:
        return g.apply(lambda t: raw.RegexReplace(input=t, pattern=regex, rewrite=rewrite, replace_global=all_), x)
    if kind == 1:
        return g.apply(lambda t: raw.StaticRegexReplace(input=t, pattern=regex, rewrite=rewrite, replace_global=all_), x)
    whole = g.pick(".*", "[a-z ]*", "\\w+", "-?\\d+(\\.\\d+)?", "(?i)the.*")
    if kind == 2:
        return g.apply(lambda t: raw.RegexFullMatch(input=t, pattern=whole), x)
    return g.apply(lambda t: raw.StaticRegexFullMatch(input=t, pattern=whole), x)


def substring(g):
    unit = g.pick("BYTE", "UTF8_CHAR")
    x = plain(g, [w for w in WORDS if len(w.decode("utf8", "replace")) >= 2 and b"\xff" not in w])
    at, size = g.int(-2, 2), g.int(0, 6)
    return g.apply(lambda t: raw.Substr(input=t, pos=np.int32(at), len=np.int32(size), unit=unit), x)


def hashed(g):
    x = text(g)
    op, buckets = g.pick("StringToHashBucketFast", "StringToHashBucket", "StringToHashBucketStrong"), g.int(1, 1000)
    if op == "StringToHashBucket":
        return g.apply(lambda t: raw.StringToHashBucket(string_tensor=t, num_buckets=buckets), x)
    extra = {"key": [g.int(0, 99), g.int(0, 99)]} if op.endswith("Strong") else {}
    return g.apply(lambda t: getattr(raw, op)(input=t, num_buckets=buckets, **extra), x)


def numbers(g):
    if g.chance(0.5):
        out = g.pick(F32, F64, np.int32, np.int64)
        words = [b"0", b"12", b"-7", b"+5", b" 3 "] + ([b"1.5", b"-2e3", b".5", b"7.25e-2"] if out in (F32, F64) else [])
        return g.apply(lambda t: raw.StringToNumber(string_tensor=t, out_type=out), plain(g, words))
    x = g.value((np.int32, np.int64, bool, np.int8, F32, F64))
    if x.dtype.kind == "f":
        if any(np.any(a * 8 != np.round(a * 8)) for a in x.both()):
            raise Rejected("digits of a rounded number")
        form = g.pick({"precision": 3}, {"scientific": True, "precision": 2}, {"shortest": True}, {"precision": 1, "width": 8}, {"precision": 2, "width": 8, "fill": "0"})
    else:
        form = {} if x.dtype == bool else g.pick({}, {"width": 5}, {"width": 6, "fill": "0"})
    return g.apply(lambda t: raw.AsString(input=t, **form), x)


def split(g):
    kind = g.int(0, 4)
    x = plain(g, least=1, most=1)
    if kind == 0:
        separator, most = g.pick("", " ", ",", "a"), g.pick(-1, 1, 2)
        return g.apply(lambda t: raw.StringSplitV2(input=t, sep=separator, maxsplit=most), x)
    if kind == 1:
        delimiter, skip = g.pick(" ", ",;", ""), g.chance(0.5)
        return g.apply(lambda t: raw.StringSplit(input=t, delimiter=delimiter, skip_empty=skip), x)
    if kind == 2:
        def ngrams(t):
            _, values, shape = raw.StringSplitV2(input=t, sep=" ", maxsplit=-1)
            splits = raw.Pack(values=[np.int64(0), raw.Size(input=values, out_type=tf.int64)])
            return raw.StringNGrams(data=values, data_splits=splits, separator="_", ngram_widths=widths, left_pad="L", right_pad="R", pad_width=pads, preserve_short_sequences=keep)

        widths, pads, keep = sorted({g.int(1, 3), g.int(1, 3)}), g.pick(-1, 0, 1), g.chance(0.5)
        return g.apply(ngrams, x)
    if kind == 3:
        errors = g.pick("replace", "ignore")
        x = text(g, least=1, most=1)
        op = g.pick(raw.UnicodeDecode, raw.UnicodeDecodeWithOffsets)
        control = g.chance(0.3)
        return g.apply(lambda t: op(input=t, input_encoding="UTF-8", errors=errors, replacement_char=65533, replace_control_characters=control, Tsplits=tf.int64), x)
    x = text(g)
    form = g.pick("NFC", "NFKC")
    return g.apply(lambda t: raw.UnicodeTranscode(input=t, input_encoding="UTF-8", output_encoding=g_encoding, errors="replace"), x) if (g_encoding := g.pick("UTF-8", "UTF-16-BE", "UTF-32-BE")) and form else None


def comparison(g):
    x = text(g)
    y = g.partner(x)
    op = g.pick(raw.Equal, raw.NotEqual)
    return g.apply(lambda a, b: op(x=a, y=b), x, y)


def arrangement(g):
    """Operations of the generic tier on texts."""
    x = text(g, least=1)
    kind = g.int(0, 6)
    if kind == 0:
        return g.apply(lambda t: raw.Reshape(tensor=t, shape=[-1]), x)
    if kind == 1:
        return g.apply(lambda t: raw.ExpandDims(input=t, axis=g_axis), x) if (g_axis := g.int(-1, x.rank)) is not None else None
    if kind == 2:
        return g.apply(lambda a, b: raw.ConcatV2(values=[a, b], axis=0), x, x)
    if kind == 3:
        perm = np.array(g.rng.permutation(x.rank), np.int32)
        return g.apply(lambda t: raw.Transpose(x=t, perm=perm), x)
    if kind == 4 and x.static(0) and x.shape[0]:
        ids = g.constant(g.random(np.int32, [3], 0, x.shape[0] - 1))
        return g.apply(lambda t, i: raw.GatherV2(params=t, indices=i, axis=0), x, ids)
    if kind == 5:
        return g.apply(lambda t: raw.StridedSlice(input=t, begin=[0], end=[2], strides=[1]), x)
    lengths = g.int(0, 4)
    fill = np.array(b"none", object)
    return g.apply(lambda t: raw.SelectV2(condition=raw.Greater(x=raw.StringLength(input=t), y=lengths), t=t, e=fill), x)


def table(g):
    """A lookup in a table of constants, which the model's initialiser fills."""
    from_text = g.chance(0.7)
    to_text = not from_text
    keys = np.array([b"a", b"fox", b"12", b"", b"UPPER lower"], object) if from_text else np.array([0, 2, -1, 5, 7], np.int64)
    values = np.array([10, 20, 30, 40, 50], np.int64) if from_text else np.array([b"zero", b"two", b"", b"five", b"\xff"], object)
    default = np.int64(-1) if from_text else np.array(b"?", object)
    types = (tf.string, tf.int64) if from_text else (tf.int64, tf.string)
    name = f"table{g.int(0, 2**40)}_"
    x = text(g) if from_text else g.value(np.int64)

    def look(t):
        handle = raw.HashTableV2(key_dtype=types[0], value_dtype=types[1], shared_name=name + str(id(g)), use_node_name_sharing=False)
        load = raw.LookupTableImportV2(table_handle=handle, keys=tf.constant(keys), values=tf.constant(values))
        if load is not None:
            g.init_ops.append(load)
        return raw.LookupTableFindV2(table_handle=handle, keys=t, default_value=default)

    del to_text
    return g.apply(look, x)


def records(g):
    kind = g.int(0, 2)
    if kind == 0:
        def rows(size):
            return random_texts(g, size, [b"1,2.5,x", b"3,,y z", b"-4,1e2,", b'5,0,"a,b"'])

        x = g.input(object, g.dims(1), array=rows)
        return g.apply(lambda t: raw.DecodeCSV(records=t, record_defaults=[np.array([], np.int32), np.array([7], F32), np.array([b"none"], object)], field_delim=",", use_quote_delim=True, na_value="", select_cols=[]), x)
    if kind == 1:
        dtype, little = g.pick(F32, np.int32, np.uint8, np.int16, np.int64), g.chance(0.7)
        x = g.input(object, g.dims(g.int(0, 2)), array=lambda size: random_texts(g, size, [g.random(dtype, [2], 0, 8).tobytes() for _ in range(3)]))
        if dtype == F32 and not little:
            raise Rejected("any bytes, not finite")
        return g.apply(lambda t: raw.DecodeRaw(bytes=t, out_type=dtype, little_endian=little), x)

    def examples(size):
        made = np.empty(size, object)
        for i in range(size[0]):
            feature = {"i": tf.train.Feature(int64_list=tf.train.Int64List(value=[g.int(-9, 9)])), "f": tf.train.Feature(float_list=tf.train.FloatList(value=g.random(F32, [2])))}
            if g.chance(0.6):
                feature["s"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[g.pick(*WORDS)]))
            if g.chance(0.7):
                feature["v"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[g.int(0, 9) for _ in range(g.int(0, 3))]))
            made[i] = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
        return made

    x = g.input(object, [g.batches[0]], array=examples)
    empty = np.array([], object)

    def parse(t):
        return raw.ParseExampleV2(serialized=t, names=empty, sparse_keys=np.array([b"v"], object), dense_keys=np.array([b"i", b"f", b"s"], object), ragged_keys=empty, dense_defaults=[np.array([], np.int64), np.array([], F32), np.array(b"?", object)], num_sparse=1, sparse_types=[tf.int64], ragged_value_types=[], ragged_split_types=[], dense_shapes=[[1], [2], []])

    return g.apply(parse, x)


STEPS = [(letters, 3), (join, 2), (pattern, 2), (substring, 1), (hashed, 2), (numbers, 2), (split, 2), (comparison, 1), (arrangement, 3), (table, 2), (records, 1.5)]

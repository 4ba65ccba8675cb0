"""Records what TensorFlow's string ops answer: test/fixtures/text-kernels.json."""
import numpy as np
import tensorflow as tf

from kernel_recorder import Recorder, strings

recorder = Recorder()
case = recorder.case

words = strings(b"Hello World", b"", b" \t\n x y \r\n", "ÄÖÜ straße İı".encode(), b"\xff\xfe bad", b"a,b,,c,", b"ABCxyz[`@{")
good = strings(b"Hello World", b"", b" \t\n x y \r\n", "ÄÖÜ straße Σας".encode(), b"a,b,,c,")
for op in ("StringLower", "StringUpper"):
    case(op, {"input": words}, {"encoding": ""})
    case(op, {"input": good}, {"encoding": "utf-8"})
case("StringStrip", {"input": words})
case("StringStrip", {"input": np.array([[b" a ", b"\x0bb\x0c"]], dtype=object)})
for unit in ("BYTE", "UTF8_CHAR"):
    case("StringLength", {"input": words}, {"unit": unit})
case("StringJoin", {"inputs": [strings(b"a", b"b"), strings(b"1", b"2"), np.array(b"z", dtype=object)]}, {"separator": "--"})
case("StringJoin", {"inputs": [np.array(b"q", dtype=object), np.array(b"z", dtype=object)]}, {"separator": ""})
case("StringJoin", {"inputs": [strings(b"a", b"b"), strings(b"1")]}, {"separator": ""})
grid = np.array([[b"a", b"b", b"c"], [b"d", b"e", b"f"]], dtype=object)
cube = np.array([[[b"a", b"b"], [b"c", b"d"]], [[b"e", b"f"], [b"g", b"h"]]], dtype=object)
for axes in ([0], [1], [-1], [0, 1], [1, 0], []):
    for keep in (False, True):
        case("ReduceJoin", {"inputs": grid, "reduction_indices": np.array(axes, np.int32)}, {"keep_dims": keep, "separator": "."})
case("ReduceJoin", {"inputs": cube, "reduction_indices": np.array([2, 0], np.int32)}, {"keep_dims": False, "separator": "."})
case("ReduceJoin", {"inputs": grid, "reduction_indices": np.array([0, 0], np.int32)}, {"keep_dims": False, "separator": ""})
case("ReduceJoin", {"inputs": grid, "reduction_indices": np.array(2, np.int32)}, {"keep_dims": False, "separator": ""})
case("UnsortedSegmentJoin", {"inputs": strings(b"a", b"b", b"c", b"d"), "segment_ids": np.array([2, 0, 2, -1]), "num_segments": np.int32(4)}, {"separator": ":"})
case("UnsortedSegmentJoin", {"inputs": grid, "segment_ids": np.array([1, 1]), "num_segments": np.int32(2)}, {"separator": ":"})
for delim in (b",", b" ", b", ", b""):
    for skip in (True, False):
        case("StringSplit", {"input": words, "delimiter": np.array(delim, dtype=object)}, {"skip_empty": skip})
for sep in (b",", b"", b",,", b"o"):
    for maxsplit in (-1, 0, 1, 2):
        case("StringSplitV2", {"input": words, "sep": np.array(sep, dtype=object)}, {"maxsplit": maxsplit})
case("StringSplitV2", {"input": strings(), "sep": np.array(b"", dtype=object)}, {"maxsplit": -1})
tokens = strings(b"a", b"b", b"c", b"d", b"e")
for widths in ([2], [1, 3], [4]):
    for pad in (-1, 0, 1, 3):
        for short in (False, True):
            case("StringNGrams", {"data": tokens, "data_splits": np.array([0, 3, 3, 4, 5], np.int64)},
                 {"separator": "|", "ngram_widths": widths, "left_pad": "<", "right_pad": ">", "pad_width": pad, "preserve_short_sequences": short})
case("Substr", {"input": strings(b"hello", b"world"), "pos": np.int32(1), "len": np.int32(3)}, {"unit": "BYTE"})
case("Substr", {"input": strings(b"hello", b"wo"), "pos": np.int32(-2), "len": np.int32(9)}, {"unit": "BYTE"})
case("Substr", {"input": strings(b"hello", b"world"), "pos": np.array([1, 2]), "len": np.array([3, 1])}, {"unit": "BYTE"})
case("Substr", {"input": np.array([[b"abc"], [b"def"]], dtype=object), "pos": np.array([0, 1, 2]), "len": np.array([1, 1, 1])}, {"unit": "BYTE"})
case("Substr", {"input": strings("äöüß".encode(), "日本語x".encode()), "pos": np.int32(1), "len": np.int32(2)}, {"unit": "UTF8_CHAR"})
case("Substr", {"input": strings("äöüß".encode()), "pos": np.int32(-1), "len": np.int32(2)}, {"unit": "UTF8_CHAR"})
case("Substr", {"input": strings(b"abc"), "pos": np.int32(4), "len": np.int32(1)}, {"unit": "BYTE"})
case("Substr", {"input": strings(b"abc"), "pos": np.int32(3), "len": np.int32(1)}, {"unit": "BYTE"})

texts = strings(b"Hello, World! a-b_c 12.5", b"", "Äpfel & Öl\n<br />x".encode(), b"aaa bbb  aab", b"it's (fine) [ok] {yes}", b"tab\there\x0bvt", "İ K ſ k".encode())
patterns = [
    (r"a+", "<\\0>"), (r"b*", "-"), (r"[[:punct:]]", ""), (r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']", ""), (r"<br />", " "),
    (r"(\w+) (\w+)", "\\2 \\1"), (r"\s+", " "), (r"(?i)HELLO", "bye"), (r"\d+\.\d+", "#"), (r"^\w", "X"), (r"\w$", "Y"), (r".", "."),
    (r"(?s).", ":"), (r"\p{L}", "L"), (r"\pN", "N"), (r"[^[:alnum:]]", "_"), (r"\bb", "B"), (r"(a)|(b)", "[\\1\\2]"), (r"\x41|\x{e4}", "q"),
    (r"[^a-zA-Z0-9 ]", ""), (r"(?m)^.", "^"), (r"\Qit's (\E", "Q"), (r"[\w-]+", "w"), (r"[\]-]", "x"), (r"x{0,2}", "."), (r"{", "("), (r"\p{Greek}|k", "G"), (r"a{2}", "2"),
    (r"[a-", "z"), (r"\8", "z"), (r"\A\w", "A"), (r"\w\z", "Z"), (r"(?:a|b)+?", "o"), (r"\W", "w"), (r"\S+", "s"), (r"(?P<n>a)", "\\1"), (r"é|ü|Ö", "u"), (r"[ -~]", "p"), (r"\.", "\\\\"), (r"a", "\\3"),
]
for pattern, rewrite in patterns:
    for every in (True, False):
        case("StaticRegexReplace", {"input": texts}, {"pattern": pattern, "rewrite": rewrite, "replace_global": every})
    case("StaticRegexFullMatch", {"input": texts}, {"pattern": pattern})
case("RegexReplace", {"input": texts, "pattern": np.array(b"a", dtype=object), "rewrite": np.array(b"b", dtype=object)}, {"replace_global": True})
case("RegexFullMatch", {"input": strings(b"abc", b"ab\n"), "pattern": np.array(b"ab.", dtype=object)})
case("RegexFullMatch", {"input": strings(b"abc", b"ab\n"), "pattern": np.array(b"a|ab|abc", dtype=object)})

numbers = strings(b"1", b"-2.5", b" 3e2 ", b"+4", b"inf", b"-Infinity", b"nan", b".5", b"5.", b"1e400", b"1e-400")
for t in (tf.float32, tf.float64):
    case("StringToNumber", {"string_tensor": numbers}, {"out_type": t})
for bad in (b"", b"x", b"1x", b"1 2", b"1e", b"--1"):
    case("StringToNumber", {"string_tensor": strings(bad)}, {"out_type": tf.float32})
ints = strings(b"0", b"-7", b" 12 ", b"2147483647", b"+3", b"007")
for t in (tf.int32, tf.int64):
    case("StringToNumber", {"string_tensor": ints}, {"out_type": t})
for bad in (b"2147483648", b"1.0", b"", b"1e3", b"9223372036854775808"):
    case("StringToNumber", {"string_tensor": strings(bad)}, {"out_type": tf.int32})
    case("StringToNumber", {"string_tensor": strings(bad)}, {"out_type": tf.int64})
floats = np.array([0.0, -0.0, 1.5, -2.25, 3.14159265, 1e10, 1e-7, 123456.789, np.inf, -np.inf, np.nan, 2.5, 0.1, 1e22])
for dtype in (np.float32, np.float64):
    for kw in ({}, {"precision": 2}, {"precision": 0}, {"scientific": True}, {"scientific": True, "precision": 3}, {"shortest": True}, {"shortest": True, "precision": 3}, {"width": 12}, {"width": 12, "fill": "0"}, {"width": 12, "fill": "-"}, {"fill": "+"}, {"fill": " "}):
        attrs = dict(precision=-1, scientific=False, shortest=False, width=-1, fill="")
        attrs.update(kw)
        case("AsString", {"input": floats.astype(dtype)}, attrs)
for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint64):
    case("AsString", {"input": np.array([0, 1, 100, 127], dtype)}, dict(precision=-1, scientific=False, shortest=False, width=5, fill="0"))
    case("AsString", {"input": np.array([0, 1, 100, 127], dtype)}, dict(precision=-1, scientific=False, shortest=False, width=-1, fill=""))
case("AsString", {"input": np.array([-5, 5])}, dict(precision=-1, scientific=False, shortest=False, width=6, fill="0"))
case("AsString", {"input": np.array([True, False])}, dict(precision=-1, scientific=False, shortest=False, width=-1, fill=""))
case("AsString", {"input": strings(b"x")}, dict(precision=-1, scientific=False, shortest=False, width=-1, fill=""))

blobs = strings(b"", b"f", b"fo", b"foo", b"foob", bytes(range(256)))
for pad in (True, False):
    case("EncodeBase64", {"input": blobs}, {"pad": pad})
for text in (b"", b"Zg", b"Zg==", b"Zm8", b"Zm8=", b"Zm9v", b"-_-_", b"Zg=", b"Z", b"Zm 9v", b"+/+/", b"Zm9vZ", b"====", b"Zg==Zg"):
    case("DecodeBase64", {"input": strings(text)})
raw = strings(bytes(range(16)), bytes(range(16, 32)))
case("DecodeRaw", {"bytes": strings(b"\x00\x01\x01")}, {"out_type": tf.bool, "little_endian": True})
for t in (tf.uint8, tf.int16, tf.int32, tf.float32, tf.float64, tf.int64, tf.half, tf.complex64):
    for little in (True, False):
        case("DecodeRaw", {"bytes": raw}, {"out_type": t, "little_endian": little})
case("DecodeRaw", {"bytes": strings(b"abc", b"ab")}, {"out_type": tf.uint8, "little_endian": True})
case("DecodeRaw", {"bytes": strings(b"abc")}, {"out_type": tf.int16, "little_endian": True})
for n in (4, 8):
    case("DecodePaddedRaw", {"input_bytes": strings(b"abcdef", b"12"), "fixed_length": np.int32(n)}, {"out_type": tf.int16, "little_endian": True})
chars = strings("aé日😀".encode(), b"\xffa\xc3", b"", b"\x01b\xed\xa0\x80c", b"\xf0\x9f\x98")
for errors in ("replace", "ignore", "strict"):
    for control in (False, True):
        a = {"input_encoding": "UTF-8", "errors": errors, "replacement_char": 63, "replace_control_characters": control}
        case("UnicodeDecode", {"input": chars}, {**a, "Tsplits": tf.int64})
        case("UnicodeDecodeWithOffsets", {"input": chars}, {**a, "Tsplits": tf.int64})
        case("UnicodeTranscode", {"input": chars}, {**a, "output_encoding": "UTF-8"})
case("UnicodeEncode", {"input_values": np.array([97, 233, 26085, 128512, 55296], np.int32), "input_splits": np.array([0, 2, 2, 5], np.int64)}, {"output_encoding": "UTF-8", "errors": "replace", "replacement_char": 65533})

CSV = {"field_delim": ",", "use_quote_delim": True, "na_value": "", "select_cols": []}
defaults = [np.array([], np.float32), np.array([7], np.int32), np.array([b"dflt"], dtype=object), np.array([0.5], np.float64), np.array([-1], np.int64)]
case("DecodeCSV", {"records": strings(b'1.5,2,"a,""b""",3,4', b"2,,,,"), "record_defaults": defaults}, CSV)
case("DecodeCSV", {"records": strings(b"1.5,2,x,3,4\n", b"1,NA,NA,NA,NA"), "record_defaults": defaults}, {**CSV, "na_value": "NA"})
for bad in (b",1,a,2,3", b"1,x,a,2,3", b"1,2,a,3", b'1,2,"a,3,4', b'1,2,a"b,3,4', b'1,2,"a"b,3,4', b"1,2,a,3,4,5"):
    case("DecodeCSV", {"records": strings(bad), "record_defaults": defaults}, CSV)
case("DecodeCSV", {"records": strings(b"1\t2\t3"), "record_defaults": [np.array([0], np.int32), np.array([0], np.int32)]}, {**CSV, "field_delim": "\t", "select_cols": [0, 2]})
case("DecodeCSV", {"records": strings(b'"q",2'), "record_defaults": [np.array([b""], dtype=object), np.array([0], np.int32)]}, {**CSV, "use_quote_delim": False})
case("DecodeCSV", {"records": np.array([[b"1,2"], [b"3,4"]], dtype=object), "record_defaults": [np.array([0], np.int32), np.array([0], np.int32)]}, CSV)

recorder.write("text-kernels.json")

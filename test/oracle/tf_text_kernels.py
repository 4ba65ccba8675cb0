"""Records what TensorFlow Text's ops answer: test/fixtures/tf-text-kernels.json.gz.

Needs `pip install tensorflow-text` in an environment of its own. A vocabulary table is recorded as the words, in
order, in place of its handle.
"""

import glob
import os
import random

import numpy as np
import tensorflow as tf
import tensorflow_text
from tensorflow.python.framework import load_library
from tensorflow_text.core.pybinds import pywrap_whitespace_tokenizer_config_builder as whitespace

from kernel_recorder import Recorder, attr, constant, strings, tensor

recorder = Recorder()
folder = os.path.join(os.path.dirname(tensorflow_text.__file__), "python", "ops")
LIBRARIES = {os.path.basename(path): load_library.load_op_library(path) for path in glob.glob(f"{folder}/*.so")}


def case(op, call, inputs, attrs=None, vocabulary=None):
    attrs = attrs or {}
    record = {"op": op, "attrs": {key: attr(value) for key, value in attrs.items()}}
    record["inputs"] = [tensor(value) for value in inputs]
    given = [constant(value) for value in inputs]
    if vocabulary is not None:
        given.append(vocabulary.resource_handle)
    try:
        outputs = call(*given, **attrs)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        record["outputs"] = [tensor(each.numpy()) for each in outputs]
    except (tf.errors.OpError, ValueError) as error:
        record["error"] = type(error).__name__
    recorder.cases.append(record)


normalize = LIBRARIES["_normalize_ops.so"]
generator = random.Random(7)
BROKEN = [b"\xff\xfe bad", b"a\xc3", b"\xed\xa0\x80x", b"\xe2\x82", b"ab\x00c", b"\xf4\x90\x80\x80", b"", b"e\xcc\x81\xffe\xcc\x81"]
WORDS = ["\u0130\u017f\u00df\ufb01 \u2460", "Straße ΑΣΣΑΣ ᾈ ŉ ẞ", "ﷺ ﬃ ２ Å", "한글 각", "e\u0301\u0323", "ꭰᏰᏸ", "a\u00adb\u200bc\u3164", "ǅ Ǆ İı K", "ა Ა"]
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x400), (0x1E00, 0x2000), (0x2100, 0x2190), (0xAC00, 0xAD00), (0x1100, 0x1200), (0xF900, 0xFB50), (0x1D400, 0x1D500), (0x13A0, 0x1400), (0xAB70, 0xABC0)]
MIXED = ["".join(chr(generator.randrange(*generator.choice(BLOCKS))) for _ in range(generator.randrange(1, 9))) for _ in range(300)]
TEXTS = strings(*BROKEN, *[each.encode() for each in WORDS + MIXED])
EVERY = strings(*["".join(chr(code) for code in range(start, start + 64) if not 0xD800 <= code < 0xE000).encode() for start in range(0xA0, 0x3400, 64)])
case("CaseFoldUTF8", normalize.case_fold_utf8, [EVERY])
case("NormalizeUTF8", normalize.normalize_utf8, [EVERY], {"normalization_form": "NFKC"})
for texts in (TEXTS, strings(), np.array([[b"A"], [b"b"]], dtype=object), np.array("Ä".encode(), dtype=object)):
    case("CaseFoldUTF8", normalize.case_fold_utf8, [texts])
    for form in ("NFC", "NFD", "NFKC", "NFKD", "nfkc"):
        case("NormalizeUTF8", normalize.normalize_utf8, [texts], {"normalization_form": form})
case("NormalizeUTF8", normalize.normalize_utf8, [strings(b"a")], {"normalization_form": "NFX"})

split = LIBRARIES["_regex_split_ops.so"].regex_split_with_offsets
LINES = strings(b"hello there", b"a,b c", b" a  b ", b"", "é x日 y".encode(), b"aab", b"don't stop-now!", "漢字 and ひらがな。".encode())
DELIMITERS = [r"(\s)", r"(\s+)", r"(\s|,)", r"(^a)", "(日|\\s)", r"(\s+|[!-/]|[:-@]|[\[-`]|[{-~]|[\p{P}]|[\x{4E00}-\x{9FFF}])", "-", r"([^a-z]+)", "(", r"(\p{L}+)"]
KEPT = [r"(,)", r"(\s)", r"([!-/]|[\p{P}]|[\x{4E00}-\x{9FFF}])", "(.)", "("]
for delimiter in DELIMITERS:
    for kept in KEPT:
        pattern = lambda text: np.array(text.encode(), dtype=object)
        case("RegexSplitWithOffsets", split, [LINES, pattern(delimiter), pattern(kept)])

spaces = LIBRARIES["_whitespace_tokenizer_v2.so"].tf_text_whitespace_tokenize_with_offsets_v2
CONFIG = np.array(whitespace.build_whitespace_tokenizer_config(), dtype=object)
for texts in (strings(b"a b", b" \t x\xc2\xa0y\xe3\x80\x80z ", b"", b"  ", b"\xff a\xff", b"\xc3 b", b"\xe3\x80\x80"), strings(), TEXTS):
    case("TFText>WhitespaceTokenizeWithOffsetsV2", spaces, [texts, CONFIG])

wordpiece = LIBRARIES["_wordpiece_tokenizer.so"].wordpiece_tokenize_with_offsets
VOCABULARY = ["[UNK]", "un", "##able", "##aff", "a", "##b", "##ab", "the", "##é", "é", "##c", "we", "日", "##本"]
table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(VOCABULARY, tf.range(len(VOCABULARY), dtype=tf.int64)), -1)
TOKENS = strings(b"unaffable", b"a", b"abc", b"abx", "aé".encode(), "éb".encode(), b"", b"xyz", b"the" * 40, b"ab\xffc", b"\xc3", b"unx", "日本a".encode(), b"\x80a", b"a\x80", b"a\xe6\x97", b"we")
for unknown in (True, False):
    for divides in (True, False):
        for characters in (0, 1, 2, 3):
            for partition in ("row_lengths", "row_splits"):
                attrs = {"suffix_indicator": "##", "max_bytes_per_word": 100, "max_chars_per_token": characters, "use_unknown_token": unknown, "unknown_token": "[UNK]", "split_unknown_characters": divides, "output_row_partition_type": partition}
                for tokens in (TOKENS, strings()):
                    case("WordpieceTokenizeWithOffsets", wordpiece, [tokens], attrs, table)
for record in recorder.cases:
    if record["op"] == "WordpieceTokenizeWithOffsets":
        record["vocabulary"] = VOCABULARY
recorder.write("tf-text-kernels.json.gz")

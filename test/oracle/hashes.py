"""Records TensorFlow's hashes of byte strings of many lengths: test/fixtures/hashes.json."""
import base64
import json
import os

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(11)
lengths = list(range(0, 70)) + [71, 95, 96, 127, 128, 129, 191, 192, 193, 255, 256, 257, 1000, 4096]
strings = [rng.integers(0, 256, n, dtype=np.uint8).tobytes() for n in lengths]
BUCKETS = (1 << 62) - 57
KEY = [0x0123456789ABCDEF, 0x1122334455667788]
t = tf.constant(strings)
out = {
    "buckets": str(BUCKETS),
    "key": [str(k) for k in KEY],
    "strings": [base64.b64encode(s).decode() for s in strings],
    "fast": [str(v) for v in tf.strings.to_hash_bucket_fast(t, BUCKETS).numpy()],
    "legacy": [str(v) for v in tf.compat.v1.string_to_hash_bucket(t, BUCKETS).numpy()],
    "strong": [str(v) for v in tf.strings.to_hash_bucket_strong(t, BUCKETS, KEY).numpy()],
}
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "fixtures", "hashes.json"), "w") as f:
    json.dump(out, f)
    f.write("\n")

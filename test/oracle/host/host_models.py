"""Models of layer_zoo/export.py whose inputs need the host (text, features, images): name → function that exports one and returns its cases (input name → array)."""
import io

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers
MODELS = {}


def model(make):
    MODELS[make.__name__.replace("_", "-")] = make
    return make


def text(*items):
    return np.array(items, dtype=object)


def save(path, function, **specs):
    """Exports a function of named tensors; layers that it uses are tracked by `keep`."""
    holder = tf.Module()
    holder.keep = specs.pop("keep", [])
    serve = tf.function(function, input_signature=[tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in specs.items()])
    holder.serve = serve
    tf.saved_model.save(holder, path, signatures={"serving_default": serve.get_concrete_function()})


def export_keras(path, inputs, outputs):
    net = keras.Model(inputs, outputs)
    net.export(path, verbose=False)
    return net


SENTENCES = text(b"The quick brown fox", b"", b"the the dog, JUMPED! over", "Ünïcode straße naïve fox".encode(), b"unknown words only here and more of them than the length of eight tokens fox")
CORPUS = ["the quick brown fox jumped over the lazy dog", "the dog naïve straße ünïcode", "quick quick fox"]


def vectorize(path, cases=SENTENCES, weights=None, **options):
    layer = layers.TextVectorization(**options)
    layer.adapt(CORPUS)
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None], tf.string))
    return [{"x": cases}, {"x": cases[:1]}]


@model
def vectorize_int(path):
    return vectorize(path, output_mode="int")


@model
def vectorize_int_padded(path):
    return vectorize(path, output_mode="int", output_sequence_length=8, max_tokens=12)


@model
def vectorize_multi_hot(path):
    return vectorize(path, output_mode="multi_hot", pad_to_max_tokens=True, max_tokens=30)


@model
def vectorize_count(path):
    return vectorize(path, output_mode="count")


@model
def vectorize_tf_idf(path):
    return vectorize(path, output_mode="tf_idf")


@model
def vectorize_ngrams(path):
    return vectorize(path, output_mode="int", ngrams=2, output_sequence_length=10)


@model
def vectorize_ngrams_count(path):
    return vectorize(path, output_mode="multi_hot", ngrams=(1, 3), standardize="lower", split="whitespace")


@model
def vectorize_characters(path):
    return vectorize(path, output_mode="int", split="character", standardize="strip_punctuation")


@model
def vectorize_ragged(path):
    layer = layers.TextVectorization(output_mode="int", ragged=True)
    layer.adapt(CORPUS)

    def serve(x):
        rows = layer(x)
        return {"values": rows.flat_values, "splits": rows.row_splits, "dense": rows.to_tensor(-1)}

    save(path, serve, keep=[layer], x=([None], tf.string))
    return [{"x": SENTENCES}]


@model
def text_classifier(path):
    layer = layers.TextVectorization(output_mode="int", output_sequence_length=12, max_tokens=40)
    layer.adapt(CORPUS)
    inputs = keras.Input((1,), dtype="string", name="text")
    x = layers.Embedding(40, 16)(layer(inputs))
    x = layers.Conv1D(8, 3, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    export_keras(path, inputs, layers.Dense(3)(x))
    return [{"text": SENTENCES[:, None]}, {"text": SENTENCES[2:3, None]}]


COLORS = text(b"red", b"green", b"blue", b"", b"violet", "grün".encode(), b"red")


def lookup(path, **options):
    layer = layers.StringLookup(vocabulary=["red", "green", "blue"], **options)
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None, None], tf.string))
    return [{"x": COLORS[None, :]}, {"x": COLORS[:, None]}, {"x": np.array([[b"red", b"blue"], [b"x", b"green"]], dtype=object)}]


@model
def string_lookup(path):
    return lookup(path)


@model
def string_lookup_oov_mask(path):
    return lookup(path, num_oov_indices=3, mask_token="")


@model
def string_lookup_no_oov(path):
    layer = layers.StringLookup(vocabulary=["red", "green", "blue"], num_oov_indices=0)
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None, None], tf.string))
    return [{"x": COLORS[None, :3]}]


@model
def string_lookup_multi_hot(path):
    return lookup(path, output_mode="multi_hot", num_oov_indices=2)


@model
def string_lookup_count(path):
    return lookup(path, output_mode="count")


@model
def string_lookup_tf_idf(path):
    layer = layers.StringLookup(vocabulary=["red", "green", "blue"], idf_weights=[0.5, 0.25, 0.8], output_mode="tf_idf")
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None, None], tf.string))
    return [{"x": COLORS[None, :]}, {"x": COLORS[:, None]}]


@model
def string_lookup_one_hot(path):
    layer = layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="one_hot", mask_token="")
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None, 1], tf.string))
    return [{"x": COLORS[:, None]}]


@model
def string_lookup_invert(path):
    layer = layers.StringLookup(vocabulary=["red", "green", "blue"], invert=True)
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None], tf.int64))
    return [{"x": np.array([0, 1, 2, 3, 7], np.int64)}]


@model
def integer_lookup(path):
    layer = layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=2, mask_token=0)
    hot = layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], output_mode="multi_hot")
    save(path, lambda x: {"ids": layer(x), "hot": hot(x)}, keep=[layer, hot], x=([None, 4], tf.int64))
    return [{"x": np.array([[12, 1138, 42, 0], [7, -3, 36, 2**40]], np.int64)}]


@model
def hashing(path):
    plain = layers.Hashing(num_bins=17)
    masked = layers.Hashing(num_bins=17, mask_value="")
    salted = layers.Hashing(num_bins=23, salt=[133, 137])
    hot = layers.Hashing(num_bins=5, output_mode="multi_hot")
    serve = lambda x: {"plain": plain(x), "masked": masked(x), "salted": salted(x), "hot": hot(x)}
    save(path, serve, keep=[plain, masked, salted, hot], x=([None, 3], tf.string))
    return [{"x": np.array([[b"a", b"", b"caf\xc3\xa9"], [b"\x00\xff", b"long " * 40, b"z"]], dtype=object)}]


@model
def hashing_integers(path):
    layer = layers.Hashing(num_bins=11, salt=99)
    save(path, lambda x: {"y": layer(x)}, keep=[layer], x=([None, 1], tf.int64))
    return [{"x": np.array([[0], [-5], [123456789012345]], np.int64)}]


@model
def category_encoding(path):
    one = layers.CategoryEncoding(num_tokens=6, output_mode="one_hot")
    multi = layers.CategoryEncoding(num_tokens=6, output_mode="multi_hot")
    count = layers.CategoryEncoding(num_tokens=6, output_mode="count")
    serve = lambda x, w: {"one": one(x[:, :1]), "multi": multi(x), "count": count(x), "weighted": count(x, count_weights=w)}
    save(path, serve, keep=[one, multi, count], x=([None, 3], tf.int32), w=([None, 3], tf.float32))
    return [{"x": np.array([[0, 1, 1], [5, 2, 5]], np.int32), "w": np.array([[0.5, 1, 2], [3, 4, 0.25]], np.float32)}]


@model
def discretization(path):
    layer = layers.Discretization(bin_boundaries=[-1.0, 0.0, 2.5])
    hot = layers.Discretization(bin_boundaries=[-1.0, 0.0, 2.5], output_mode="one_hot")
    save(path, lambda x: {"y": layer(x), "hot": hot(x[:, :1])}, keep=[layer, hot], x=([None, 4], tf.float32))
    return [{"x": np.array([[-2, -1, -0.5, 0], [2.5, 2.49, 100, 1e-9]], np.float32)}]


@model
def hashed_crossing(path):
    layer = layers.HashedCrossing(num_bins=13)
    hot = layers.HashedCrossing(num_bins=7, output_mode="one_hot")
    serve = lambda a, b: {"y": layer((a, b)), "hot": hot((a, b))}
    save(path, serve, keep=[layer, hot], a=([None, 1], tf.string), b=([None, 1], tf.int64))
    return [{"a": text(b"A", b"B", b"")[:, None], "b": np.array([[101], [-1], [2**40]], np.int64)}]


@model
def normalization(path):
    rows = np.random.RandomState(6).randn(20, 3) * [1, 5, 0.1] + [0, 3, -1]
    inputs = keras.Input((3,), name="x")
    layer, back = layers.Normalization(), layers.Normalization(invert=True)
    layer.adapt(rows)
    back.adapt(rows)
    export_keras(path, inputs, {"y": layer(inputs), "z": back(inputs)})
    return [{"x": np.random.RandomState(1).randn(5, 3).astype(np.float32)}]


def example(**features):
    out = {}
    for key, value in features.items():
        values = value if isinstance(value, list) else [value]
        if isinstance(values[0], bytes):
            out[key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(values[0], float):
            out[key] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            out[key] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(features=tf.train.Features(feature=out)).SerializeToString()


@model
def wide_and_deep(path):
    """Sparse string and integer features from serialized examples, a hashed cross, embeddings, a deep part."""
    rng = np.random.RandomState(3)
    city = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(["berlin", "paris", "rome"], np.arange(3, dtype=np.int64)), num_oov_buckets=2)
    holder = tf.Module()
    holder.table = city
    holder.embedding = tf.Variable(rng.randn(5, 4).astype(np.float32))
    holder.tags = tf.Variable(rng.randn(20, 3).astype(np.float32))
    holder.wide = tf.Variable(rng.randn(50, 1).astype(np.float32))
    holder.deep = tf.Variable(rng.randn(4 + 3 + 2, 6).astype(np.float32))
    holder.out = tf.Variable(rng.randn(6, 1).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        parsed = tf.io.parse_example(examples, {
            "city": tf.io.FixedLenFeature([], tf.string, default_value=""),
            "tags": tf.io.VarLenFeature(tf.string),
            "age": tf.io.FixedLenFeature([], tf.int64, default_value=-1),
            "income": tf.io.FixedLenFeature([2], tf.float32),
        })
        ids = city.lookup(parsed["city"])
        tags = tf.SparseTensor(parsed["tags"].indices, tf.strings.to_hash_bucket_fast(parsed["tags"].values, 20), parsed["tags"].dense_shape)
        tag_vector = tf.nn.safe_embedding_lookup_sparse(holder.tags, tags, combiner="mean")
        bucket = tf.raw_ops.Bucketize(input=parsed["age"], boundaries=[18.0, 30.0, 50.0])
        cross = tf.strings.to_hash_bucket_fast(tf.strings.join([parsed["city"], tf.strings.as_string(bucket)], "_X_"), 50)
        deep = tf.concat([tf.gather(holder.embedding, ids), tag_vector, tf.math.log1p(parsed["income"])], 1)
        logits = tf.nn.relu(deep @ holder.deep) @ holder.out + tf.gather(holder.wide, cross)
        return {"scores": tf.sigmoid(logits), "ids": ids, "cross": cross}

    tf.saved_model.save(holder, path, signatures={"serving_default": serve})
    rows = [
        example(city=b"paris", tags=[b"a", b"b", b"a"], age=33, income=[1.0, 2.5]),
        example(city=b"tokyo", age=12, income=[0.0, 9.0]),
        example(tags=[b"zz"], income=[3.0, 4.0]),
    ]
    return [{"examples": text(*rows)}, {"examples": text(rows[1])}, {"examples": text(*rows[::-1], *rows)}]


@model
def sparse_cross(path):
    """What a crossed feature column is made of."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        parsed = tf.io.parse_example(examples, {"a": tf.io.VarLenFeature(tf.string), "b": tf.io.VarLenFeature(tf.int64)})
        crossed = tf.sparse.cross_hashed([parsed["a"], parsed["b"]], num_buckets=100, hash_key=0xDECAFCAFFE)
        words = tf.sparse.cross([parsed["a"], parsed["a"]])
        return {"ids": tf.sparse.to_dense(crossed, default_value=-1), "words": tf.sparse.to_dense(words), "i": crossed.indices}

    holder = tf.Module()
    tf.saved_model.save(holder, path, signatures={"serving_default": serve})
    rows = [example(a=[b"x", b"y"], b=[1, 2, 3]), example(a=[b"z"], b=[-7]), example(b=[4])]
    return [{"examples": text(*rows)}]


@model
def sequence_example(path):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples):
        context, lists, lengths = tf.io.parse_sequence_example(
            examples,
            context_features={"label": tf.io.FixedLenFeature([], tf.int64, default_value=9), "tags": tf.io.VarLenFeature(tf.string)},
            sequence_features={
                "steps": tf.io.FixedLenSequenceFeature([2], tf.float32),
                "words": tf.io.VarLenFeature(tf.string),
                "ids": tf.io.RaggedFeature(tf.int64),
            })
        ids = lists["ids"]
        return {
            "label": context["label"], "tags": tf.sparse.to_dense(context["tags"]), "steps": lists["steps"],
            "lengths": lengths["steps"], "words": tf.sparse.to_dense(lists["words"]), "ids": ids.flat_values,
            "outer": ids.row_splits, "mean": tf.reduce_sum(lists["steps"], [1, 2]),
        }

    tf.saved_model.save(tf.Module(), path, signatures={"serving_default": serve})

    def sequence(label, tags, steps, words, ids):
        feature = lambda values: (
            tf.train.Feature(bytes_list=tf.train.BytesList(value=values)) if values and isinstance(values[0], bytes)
            else tf.train.Feature(float_list=tf.train.FloatList(value=values)) if values and isinstance(values[0], float)
            else tf.train.Feature(int64_list=tf.train.Int64List(value=values)))
        context = {"tags": feature(tags)} if tags else {}
        if label is not None:
            context["label"] = feature([label])
        lists = {"steps": steps, "words": words, "ids": ids}
        return tf.train.SequenceExample(
            context=tf.train.Features(feature=context),
            feature_lists=tf.train.FeatureLists(feature_list={k: tf.train.FeatureList(feature=[feature(row) for row in v]) for k, v in lists.items()}),
        ).SerializeToString()

    rows = [
        sequence(3, [b"t", b"u"], [[1.0, 2.0], [3.0, 4.0]], [[b"a"], [b"b", b"c"]], [[1, 2], [3]]),
        sequence(None, [], [[5.0, 6.0]], [], [[4]]),
    ]
    return [{"examples": text(*rows)}, {"examples": text(rows[1])}]


@model
def csv_estimator(path):
    """Rows of CSV, a vocabulary, buckets and a linear classifier with classes as strings."""
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([b"m", b"f"], [0, 1], tf.string, tf.int64), 2)
    holder = tf.Module()
    holder.table = table
    holder.weights = tf.Variable(np.random.RandomState(0).randn(3 + 4 + 1, 2).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="rows")])
    def serve(rows):
        sex, age, fare = tf.io.decode_csv(rows, [[b""], [0], [7.5]])
        features = tf.concat([tf.one_hot(table.lookup(sex), 3), tf.one_hot(tf.searchsorted(tf.constant([10, 20, 30]), age), 4), fare[:, None]], 1)
        scores = tf.nn.softmax(features @ holder.weights)
        classes = tf.gather(tf.constant([b"no", b"yes"]), tf.argmax(scores, 1))
        labels = tf.tile(tf.expand_dims(tf.as_string(tf.range(2)), 0), [tf.shape(scores)[0], 1])
        return {"classes": classes, "scores": scores, "labels": labels}

    tf.saved_model.save(holder, path, signatures={"serving_default": serve})
    return [{"rows": text(b"m,33,1.5", b'"f",,', b"other,-1,1e3")}, {"rows": text(b"f,21,2")}]


def picture(size=(24, 31), channels=3, kind="jpeg", seed=0, **options):
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:size[0], 0:size[1]]
    planes = [128 + 90 * np.sin(x / (3 + c) + seed) * np.cos(y / (4 + c)) + rng.randn(*size) * 6 for c in range(channels)]
    pixels = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    encode = tf.io.encode_jpeg if kind == "jpeg" else tf.io.encode_png
    return encode(pixels, **options).numpy()


@model
def image_bytes_jpeg(path):
    """map_fn over JPEG bytes, resized, into a convolution: what an image service exports."""
    kernel = tf.Variable(np.random.RandomState(2).randn(3, 3, 3, 4).astype(np.float32) * 0.1)

    def decode(item):
        image = tf.io.decode_jpeg(item, channels=3)
        return tf.image.resize(tf.cast(image, tf.float32) / 255.0, [16, 16])

    def serve(image_bytes):
        images = tf.map_fn(decode, image_bytes, fn_output_signature=tf.TensorSpec([16, 16, 3], tf.float32))
        return {"y": tf.reduce_mean(tf.nn.conv2d(images, kernel, 2, "SAME"), [1, 2])}

    save(path, serve, keep=[kernel], image_bytes=([None], tf.string))
    return [{"image_bytes": text(picture(), picture((40, 16), seed=4))}, {"image_bytes": text(picture(seed=3))}]


@model
def image_base64_png(path):
    def decode(item):
        return tf.io.decode_image(tf.io.decode_base64(item), channels=3, expand_animations=False)

    def serve(b64):
        image = decode(b64)
        return {"pixels": image, "shape": tf.shape(image)}

    save(path, serve, b64=([], tf.string))
    import base64
    encoded = base64.urlsafe_b64encode(picture(kind="png")).rstrip(b"=")
    return [{"b64": np.array(encoded, dtype=object)}]


@model
def ragged_bag(path):
    """Words of each sentence to embeddings, averaged over ragged rows; rows combined and padded."""
    embedding = tf.Variable(np.random.RandomState(5).randn(30, 4).astype(np.float32))

    def serve(sentences):
        words = tf.strings.split(tf.strings.lower(sentences))
        ids = tf.ragged.map_flat_values(lambda w: tf.strings.to_hash_bucket_fast(w, 30), words)
        vectors = tf.gather(embedding, ids)
        firsts = ids[:, :2]
        both = tf.concat([ids, firsts], axis=1)
        return {
            "mean": tf.reduce_mean(vectors, axis=1), "padded": ids.to_tensor(default_value=-1, shape=[None, 6]),
            "sum": tf.reduce_sum(ids, axis=1), "max": tf.reduce_max(tf.cast(ids, tf.float32), axis=1),
            "both": both.to_tensor(), "lengths": ids.row_lengths(), "sparse": ids.to_sparse().indices,
        }

    save(path, serve, keep=[embedding], sentences=([None], tf.string))
    return [{"sentences": text(b"a b c d e f g h", b"one", b"Two words")}]


@model
def string_pipeline(path):
    def serve(s):
        clean = tf.strings.regex_replace(tf.strings.strip(tf.strings.lower(s, "utf-8")), r"[^a-z0-9 ]+", "")
        parts = tf.strings.split(clean, " ")
        return {
            "clean": clean, "length": tf.strings.length(s, unit="UTF8_CHAR"), "joined": tf.strings.reduce_join(parts, axis=-1, separator="_"),
            "prefix": tf.strings.substr(s, 0, 2), "is_match": tf.strings.regex_full_match(clean, "[a-z ]+"),
            "hash": tf.strings.to_hash_bucket_strong(s, 100, key=[1, 2]), "tri": tf.strings.ngrams(parts, 2, separator="|").to_tensor(),
            "code": tf.strings.unicode_decode(s, "UTF-8").to_tensor(), "n": tf.strings.to_number(tf.strings.regex_replace(s, r"\D+", "") + "0", tf.int32),
        }

    save(path, serve, s=([None], tf.string))
    return [{"s": text(b"Hello World", " Größe 42 x".encode(), b"abc--def 7", b"zz top")}]


@model
def text_transformer(path):
    """Vocabulary, position embeddings, masked attention: strings in, logits out."""
    vector = layers.TextVectorization(output_sequence_length=10, max_tokens=50)
    vector.adapt(CORPUS)
    inputs = keras.Input((), dtype="string", name="text")
    ids = vector(inputs)
    x = layers.Embedding(50, 16, mask_zero=True)(ids)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    x = layers.GlobalAveragePooling1D()(x)
    export_keras(path, inputs, layers.Dense(2)(x))
    return [{"text": SENTENCES}, {"text": SENTENCES[:1]}]


@model
def feature_space_like(path):
    """Several named inputs of different types, each with its preprocessing layer."""
    color = keras.Input((1,), dtype="string", name="color")
    age = keras.Input((1,), dtype="float32", name="age")
    shop = keras.Input((1,), dtype="int64", name="shop")
    a = layers.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")(color)
    b = layers.Discretization(bin_boundaries=[10.0, 30.0], output_mode="one_hot")(age)
    c = layers.Embedding(8, 3)(layers.Hashing(num_bins=8)(shop))
    d = layers.HashedCrossing(num_bins=10, output_mode="one_hot")((color, shop))
    x = layers.Concatenate()([a, b, layers.Flatten()(c), d, layers.Normalization(mean=20.0, variance=9.0)(age)])
    net = layers.Dense(4, activation="relu")(x)
    export_keras(path, [color, age, shop], layers.Dense(1)(net))
    return [{"color": text(b"red", b"blue")[:, None], "age": np.array([[5], [31]], np.float32), "shop": np.array([[3], [99]], np.int64)}]


@model
def keyword_spotter(path):
    """Raw audio to log-mel features to scores."""
    kernel = tf.Variable(np.random.RandomState(8).randn(4, 4, 1, 3).astype(np.float32))
    mel = tf.signal.linear_to_mel_weight_matrix(20, 129, 8000, 60.0, 3800.0)

    def serve(audio):
        spectrum = tf.abs(tf.signal.stft(audio, 256, 128, fft_length=256))
        features = tf.math.log(spectrum @ mel + 1e-6)
        mfcc = tf.signal.mfccs_from_log_mel_spectrograms(features)[..., :10]
        return {"y": tf.reduce_max(tf.nn.conv2d(mfcc[..., None], kernel, 1, "SAME"), [1, 2]), "mfcc": mfcc}

    save(path, serve, keep=[kernel], audio=([None, 2000], tf.float32))
    rng = np.random.RandomState(0)
    return [{"audio": (rng.randn(2, 2000) * 0.1).astype(np.float32)}, {"audio": (np.sin(np.arange(2000) / 5) + rng.randn(2000) * 0.05)[None].astype(np.float32)}]


@model
def wav_spotter(path):
    def serve(wav):
        audio, rate = tf.audio.decode_wav(wav, desired_channels=1)
        spectrum = tf.raw_ops.AudioSpectrogram(input=audio, window_size=160, stride=80, magnitude_squared=True)
        mfcc = tf.raw_ops.Mfcc(spectrogram=spectrum, sample_rate=rate, dct_coefficient_count=10)
        return {"mfcc": mfcc, "mean": tf.reduce_mean(mfcc, [0, 1]), "rate": rate}

    save(path, serve, wav=([], tf.string))
    sound = (np.sin(np.arange(1600) / 7) * 0.4).astype(np.float32)[:, None]
    return [{"wav": np.array(tf.audio.encode_wav(sound, 8000).numpy(), dtype=object)}]


@model
def detector(path):
    """Boxes and scores of a convolution, then per-class non-maximum suppression and crops."""
    rng = np.random.RandomState(9)
    kernel = tf.Variable(rng.randn(3, 3, 3, 4 + 3).astype(np.float32) * 0.3)

    def serve(image):
        grid = tf.nn.conv2d(image, kernel, 4, "SAME")
        flat = tf.reshape(grid, [tf.shape(image)[0], -1, 7])
        centers = tf.sigmoid(flat[..., :2])
        sizes = 0.1 + 0.3 * tf.sigmoid(flat[..., 2:4])
        boxes = tf.concat([centers - sizes / 2, centers + sizes / 2], -1)
        scores = tf.sigmoid(flat[..., 4:])
        found = tf.image.combined_non_max_suppression(boxes[:, :, None, :], scores, 5, 10, 0.4, 0.3)
        one = tf.image.non_max_suppression_with_scores(boxes[0], scores[0, :, 0], 6, 0.5, 0.1, soft_nms_sigma=0.5)
        crops = tf.image.crop_and_resize(image[:1], tf.gather(boxes[0], one[0]), tf.zeros_like(one[0]), [4, 4])
        return {"boxes": found[0], "scores": found[1], "classes": found[2], "n": found[3], "picked": one[0], "soft": one[1], "crops": crops}

    save(path, serve, keep=[kernel], image=([None, 32, 32, 3], tf.float32))
    return [{"image": rng.rand(2, 32, 32, 3).astype(np.float32)}, {"image": rng.rand(1, 32, 32, 3).astype(np.float32)}]

"""Whole models: several inputs and outputs, several signatures, tf.Example, image bytes, transformers, detection, audio."""

import base64
import io

import numpy as np
import tensorflow as tf

from builder import Zoo, save_module, seeded


def text(*items):
    return np.array(items, dtype=object)


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers

    def several(image, words, price):
        a = layers.Flatten()(layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(image)))
        b = layers.GRU(5)(layers.Embedding(15, 4, mask_zero=True)(words))
        both = layers.Dense(8, activation="relu")(layers.Concatenate()([a, b, price]))
        return {"kind": layers.Dense(3, activation="softmax", name="kind")(both), "stars": layers.Dense(1, name="stars")(both), "words": b}

    zoo.add("several-inputs-and-outputs", {"image": (8, 8, 3), "words": ((6,), "int32"), "price": (1,)}, several)

    def sequential(path):
        rng = seeded("sequential")
        model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dense(3)])
        zoo.save(model, path)
        (key,) = tf.saved_model.load(path).signatures["serving_default"].structured_input_signature[1]
        return [(f"b{n}", "serving_default", {key: rng.uniform(-1, 1, (n, 6)).astype(np.float32)}) for n in (1, 3)]

    zoo.add_maker("sequential", sequential)

    def subclassed(path):
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = layers.Dense(8, activation="relu")
                self.norm = layers.LayerNormalization()
                self.last = layers.Dense(2)

            def call(self, inputs, training=False):
                return self.last(self.norm(self.first(inputs)))

        rng, model = seeded("subclassed"), Net()
        model(np.zeros((1, 5), np.float32))
        zoo.save(model, path)
        (key,) = tf.saved_model.load(path).signatures["serving_default"].structured_input_signature[1]
        return [(f"b{n}", "serving_default", {key: rng.uniform(-1, 1, (n, 5)).astype(np.float32)}) for n in (1, 3)]

    zoo.add_maker("subclassed", subclassed)

    def nested(x):
        inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(8)])
        shared = layers.Dense(8)
        return layers.Add()([inner(shared(x)), inner(shared(shared(x)))])

    zoo.add("nested-and-shared", {"x": (8,)}, nested)

    def siamese(a, b):
        tower = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"), layers.GlobalMaxPooling2D(), layers.Dense(5)])
        return layers.Dot(axes=1, normalize=True)([tower(a), tower(b)])

    zoo.add("siamese", {"a": (6, 6, 1), "b": (6, 6, 1)}, siamese)
    if not zoo.is_keras3:
        return zoo.table
    for make in (signatures_of_a_module, saved_model_layer, estimator_like, image_bytes_classifier, bert_like, gpt_like, detector_like, raw_audio_spotter):
        zoo.add_maker(make.__name__.replace("_", "-"), lambda path, make=make: make(path, keras))
    return zoo.table


def signatures_of_a_module(path, keras):
    """Signatures that share variables, take several inputs, strings, integers and a scalar."""
    rng = seeded("signatures")
    weight = tf.Variable(rng.normal(size=(4, 3)).astype(np.float32))
    table = tf.lookup.StaticVocabularyTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], np.arange(2, dtype=np.int64)), 1)
    functions = {
        "serving_default": (lambda x: {"y": x @ weight}, {"x": ([None, 4], tf.float32)}),
        "classify": (lambda x, temperature: {"p": tf.nn.softmax(x @ weight / temperature), "top": tf.argmax(x @ weight, 1)}, {"x": ([None, 4], tf.float32), "temperature": ([], tf.float32)}),
        "lookup": (lambda words: {"ids": table.lookup(words), "rows": tf.gather(weight, table.lookup(words))}, {"words": ([None], tf.string)}),
        "norms": (lambda: {"columns": tf.norm(weight, axis=0)}, {}),
        "pairs": (lambda a, b: {"outer": tf.einsum("i,j->ij", a, b), "equal": a[:, None] == b[None], "sum": tf.cumsum(a)}, {"a": ([None], tf.int32), "b": ([None], tf.int32)}),
    }
    save_module(path, functions, [weight, table])
    x = rng.uniform(-1, 1, (3, 4)).astype(np.float32)
    return [
        ("default", "serving_default", {"x": x}), ("one", "serving_default", {"x": x[:1]}), ("classify", "classify", {"x": x, "temperature": np.float32(0.5)}), ("lookup", "lookup", {"words": text(b"b", b"x", b"a")}),
        ("norms", "norms", {}), ("pairs", "pairs", {"a": np.array([3, 1, 2], np.int32), "b": np.array([1, 3], np.int32)}),
    ]


def saved_model_layer(path, keras):
    """A SavedModel inside a Keras model: TFSMLayer."""
    rng = seeded("saved_model_layer")
    weight = tf.Variable(rng.normal(size=(4, 3)).astype(np.float32))
    inner = path + "-inner"
    save_module(inner, {"serving_default": (lambda x: {"y": tf.nn.relu(x @ weight)}, {"x": ([None, 4], tf.float32)})}, [weight])
    inputs = keras.Input((4,), name="x")
    hidden = keras.layers.TFSMLayer(inner, call_endpoint="serving_default")(inputs)["y"]
    keras.Model(inputs, keras.layers.Dense(2)(hidden)).export(path, verbose=False)
    return [(f"b{n}", "serving_default", {"x": rng.uniform(-1, 1, (n, 4)).astype(np.float32)}) for n in (1, 3)]


def example(**features):
    out = {}
    for key, values in features.items():
        values = values if isinstance(values, list) else [values]
        if isinstance(values[0], bytes):
            out[key] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(values[0], float):
            out[key] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            out[key] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(features=tf.train.Features(feature=out)).SerializeToString()


def estimator_like(path, keras):
    """What a canned classifier exports: `classification`, `regression`, `predict` and the default, all on tf.Example."""
    layers, rng = keras.layers, seeded("estimator")
    kind = layers.StringLookup(vocabulary=["setosa", "other"], output_mode="one_hot")
    hidden, last = layers.Dense(6, activation="relu"), layers.Dense(3)
    names = tf.constant([b"0", b"1", b"2"])

    def logits(examples):
        parsed = tf.io.parse_example(examples, {
            "length": tf.io.FixedLenFeature([], tf.float32), "width": tf.io.FixedLenFeature([2], tf.float32, default_value=[0.5, 1.5]), "kind": tf.io.FixedLenFeature([1], tf.string, default_value=""),
            "marks": tf.io.VarLenFeature(tf.int64),
        })
        marks = tf.sparse.to_dense(parsed["marks"], default_value=-1)
        count = tf.reduce_sum(tf.cast(marks >= 0, tf.float32), axis=1, keepdims=True)
        return last(hidden(tf.concat([parsed["length"][:, None], parsed["width"], tf.cast(kind(parsed["kind"]), tf.float32), count], 1)))

    def classify(examples):
        scores = tf.nn.softmax(logits(examples))
        return {"classes": tf.tile(names[None], [tf.shape(scores)[0], 1]), "scores": scores}

    def predict(examples):
        values = logits(examples)
        ids = tf.argmax(values, 1)
        return {"logits": values, "probabilities": tf.nn.softmax(values), "class_ids": ids[:, None], "classes": tf.as_string(ids)[:, None]}

    spec = {"inputs": ([None], tf.string)}
    rename = lambda function: lambda inputs: function(inputs)
    functions = {"serving_default": (rename(classify), spec), "classification": (rename(classify), spec), "regression": (lambda inputs: {"outputs": logits(inputs)[:, :1]}, spec), "predict": (rename(predict), spec)}
    save_module(path, functions, [kind, hidden, last])
    rows = [example(length=1.5, width=[0.25, 3.0], kind=b"setosa", marks=[1, 2]), example(length=-2.0), example(length=0.0, kind=b"x", marks=[5])]
    return [(f"{name}-b{n}", name, {"inputs": text(*rows[:n])}) for name in functions for n in (1, 3)]


def image_bytes_classifier(path, keras):
    """JPEG and PNG bytes, base64 of them, decoded and normalised in the graph before a Keras model."""
    layers = keras.layers
    net = keras.Sequential([keras.Input((16, 16, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(6, 3, strides=2, activation="relu"), layers.BatchNormalization(), layers.GlobalAveragePooling2D(), layers.Dense(4)])

    def decode(item):
        image = tf.io.decode_image(item, channels=3, expand_animations=False)
        image.set_shape([None, None, 3])
        return tf.image.resize(tf.image.central_crop(tf.cast(image, tf.float32), 0.8), [16, 16])

    def serve(image_bytes):
        images = tf.map_fn(decode, image_bytes, fn_output_signature=tf.TensorSpec([16, 16, 3], tf.float32))
        return {"probabilities": tf.nn.softmax(net(images))}

    def encoded(b64):
        return serve(tf.io.decode_base64(b64))

    save_module(path, {"serving_default": (serve, {"image_bytes": ([None], tf.string)}), "encoded": (encoded, {"b64": ([None], tf.string)})}, [net])
    rng = seeded("pictures")

    def picture(height, width, kind):
        y, x = np.mgrid[0:height, 0:width]
        pixels = np.clip(np.stack([128 + 90 * np.sin(x / (3 + c)) * np.cos(y / (4 + c)) for c in range(3)], -1) + rng.normal(0, 5, (height, width, 3)), 0, 255).astype(np.uint8)
        return (tf.io.encode_jpeg(pixels, quality=90) if kind == "jpeg" else tf.io.encode_png(pixels)).numpy()

    items = [picture(30, 40, "jpeg"), picture(24, 24, "png"), picture(41, 33, "jpeg")]
    urls = [base64.urlsafe_b64encode(item).rstrip(b"=") for item in items]
    return [("b1", "serving_default", {"image_bytes": text(items[0])}), ("b3", "serving_default", {"image_bytes": text(*items)}), ("encoded", "encoded", {"b64": text(*urls)})]


def bert_like(path, keras):
    """An encoder of BERT's make-up, three inputs and two outputs, of small width; `encoder.py` has the full size."""
    layers = keras.layers
    ids, mask, kinds = (keras.Input((None,), dtype="int32", name=name) for name in ("input_word_ids", "input_mask", "input_type_ids"))
    x = layers.Embedding(60, 32)(ids) + layers.Embedding(2, 32)(kinds) + layers.Embedding(40, 32)(layers.Lambda(lambda t: tf.range(tf.shape(t)[1])[None] + t * 0)(ids))
    x = layers.LayerNormalization(epsilon=1e-12)(x)
    keep = layers.Lambda(lambda m: tf.cast(m[:, None, :], tf.bool))(mask)
    for _ in range(3):
        x = layers.LayerNormalization(epsilon=1e-12)(x + layers.MultiHeadAttention(4, 8)(x, x, attention_mask=keep))
        x = layers.LayerNormalization(epsilon=1e-12)(x + layers.Dense(32)(layers.Dense(64, activation=lambda t: keras.activations.gelu(t, approximate=True))(x)))
    pooled = layers.Dense(32, activation="tanh")(x[:, 0])
    keras.Model([ids, mask, kinds], {"sequence_output": x, "pooled_output": pooled}).export(path, verbose=False)
    rng = seeded("bert")

    def case(batch, length):
        keep = np.arange(length)[None] < length - 2 * np.arange(batch)[:, None]
        return {"input_word_ids": rng.integers(0, 60, (batch, length)).astype(np.int32), "input_mask": keep.astype(np.int32), "input_type_ids": (np.arange(length)[None] > 4).astype(np.int32).repeat(batch, 0)}

    return [("b1", "serving_default", case(1, 12)), ("b3", "serving_default", case(3, 20))]


def gpt_like(path, keras):
    """Greedy generation by a while loop: a decoder of two blocks with its cache of keys and values."""
    width, heads, vocabulary, longest = 16, 2, 30, 24
    rng = seeded("gpt")
    new = lambda *shape: tf.Variable((rng.normal(size=shape) * 0.5).astype(np.float32))
    holder = tf.Module()
    holder.words, holder.places = new(vocabulary, width), new(longest, width)
    holder.blocks = [{key: new(*shape) for key, shape in {"qkv": (width, 3 * width), "out": (width, width), "up": (width, 32), "down": (32, width), "g1": (width,), "b1": (width,), "g2": (width,), "b2": (width,)}.items()} for _ in range(2)]

    def norm(x, gain, bias):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-5) * gain + bias

    def split(x):
        return tf.transpose(tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1], heads, width // heads]), [0, 2, 1, 3])

    def forward(tokens, start, cache):
        """tokens [batch, n] at positions start…; cache [layers, 2, batch, heads, longest, size]."""
        count = tf.shape(tokens)[1]
        x = tf.gather(holder.words, tokens) + holder.places[start : start + count]
        kept = []
        for at, block in enumerate(holder.blocks):
            q, k, v = tf.split(norm(x, block["g1"], block["b1"]) @ block["qkv"], 3, -1)
            place = tf.one_hot(tf.range(start, start + count), longest)
            keys, values = (cache[at, which] * (1 - tf.reduce_sum(place, 0))[None, None, :, None] + tf.einsum("bhnd,nl->bhld", split(new_part), place) for which, new_part in ((0, k), (1, v)))
            scores = tf.einsum("bhqd,bhkd->bhqk", split(q), keys) / np.float32(np.sqrt(width // heads))
            allowed = tf.range(longest)[None] <= tf.range(start, start + count)[:, None]
            mixed = tf.einsum("bhqk,bhkd->bhqd", tf.nn.softmax(tf.where(allowed, scores, -1e9)), values)
            x = x + tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), tf.shape(x)) @ block["out"]
            x = x + tf.nn.gelu(norm(x, block["g2"], block["b2"]) @ block["up"], approximate=True) @ block["down"]
            kept.append(tf.stack([keys, values]))
        return x[:, -1] @ tf.transpose(holder.words), tf.stack(kept)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32, name="prompt"), tf.TensorSpec([], tf.int32, name="steps")])
    def generate(prompt, steps):
        batch, length = tf.shape(prompt)[0], tf.shape(prompt)[1]
        logits, cache = forward(prompt, 0, tf.zeros([2, 2, batch, heads, longest, width // heads]))
        out = tf.TensorArray(tf.int32, steps, element_shape=[None])
        done = tf.zeros([batch], tf.bool)

        def body(i, logits, cache, done, out):
            token = tf.where(done, 0, tf.argmax(logits, -1, output_type=tf.int32))
            done = done | (token == 1)
            logits, cache = forward(token[:, None], length + i, cache)
            return i + 1, logits, cache, done, out.write(i, token)

        state = tf.while_loop(lambda i, logits, cache, done, out: (i < steps) & ~tf.reduce_all(done), body, [0, logits, cache, done, out],
                              shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, vocabulary]), tf.TensorShape([2, 2, None, heads, longest, width // heads]), tf.TensorShape([None]), tf.TensorShape(None)])
        return {"tokens": tf.transpose(state[4].stack()), "logits": state[1], "done": state[3]}

    tf.saved_model.save(holder, path, signatures={"serving_default": generate})
    prompt = rng.integers(2, vocabulary, (3, 5)).astype(np.int32)
    return [("b1", "serving_default", {"prompt": prompt[:1], "steps": np.int32(8)}), ("b3", "serving_default", {"prompt": prompt, "steps": np.int32(12)})]


def detector_like(path, keras):
    """A single-shot detector: two feature maps, anchors, decoded boxes, non-maximum suppression for each class."""
    layers = keras.layers
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    maps, boxes, scores = [], [], []
    for size in (8, 4):
        x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.SeparableConv2D(12, 3, strides=2, padding="same")(x)))
        maps.append(size)
        boxes.append(layers.Reshape((-1, 4))(layers.Conv2D(3 * 4, 3, padding="same")(x)))
        scores.append(layers.Reshape((-1, 5))(layers.Conv2D(3 * 5, 3, padding="same")(x)))
    net = keras.Model(image, [layers.Concatenate(axis=1)(boxes), layers.Concatenate(axis=1)(scores)])
    anchors = []
    for size in maps:
        centers = (np.arange(size) + 0.5) / size
        for cy in centers:
            for cx in centers:
                anchors += [[cy, cx, h / size, w / size] for h, w in ((1.5, 1.5), (2, 1), (1, 2))]
    anchors = np.array(anchors, np.float32)

    def serve(image):
        offsets, logits = net(tf.cast(image, tf.float32) / 127.5 - 1)
        center = offsets[..., :2] * 0.1 * anchors[:, 2:] + anchors[:, :2]
        half = tf.exp(tf.clip_by_value(offsets[..., 2:] * 0.2, -4, 4)) * anchors[:, 2:] / 2
        corners = tf.clip_by_value(tf.concat([center - half, center + half], -1), 0, 1)
        found = tf.image.combined_non_max_suppression(corners[:, :, None], tf.sigmoid(logits)[..., 1:], 4, 8, 0.5, 0.3, clip_boxes=False)
        return {"detection_boxes": found.nmsed_boxes, "detection_scores": found.nmsed_scores, "detection_classes": found.nmsed_classes + 1, "num_detections": tf.cast(found.valid_detections, tf.float32), "raw_detection_boxes": corners}

    save_module(path, {"serving_default": (serve, {"image": ([None, 32, 32, 3], tf.uint8)})}, [net])
    rng = seeded("detector")
    return [(f"b{n}", "serving_default", {"image": rng.integers(0, 256, (n, 32, 32, 3)).astype(np.uint8)}) for n in (1, 3)]


def raw_audio_spotter(path, keras):
    """Bytes of a WAV file, or samples: log-mel features, a depthwise network, classes by name."""
    layers = keras.layers
    net = keras.Sequential([keras.Input((30, 20, 1)), layers.Conv2D(8, (4, 3), strides=2, activation="relu"), layers.DepthwiseConv2D(3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(8, 1), layers.GlobalAveragePooling2D(), layers.Dense(4)])
    mel = tf.signal.linear_to_mel_weight_matrix(20, 129, 8000, 60.0, 3800.0)
    labels = tf.constant([b"yes", b"no", b"silence", b"unknown"])

    def spot(samples):
        frames = tf.signal.stft(samples, 256, 128, fft_length=256, pad_end=True)[:, :30]
        features = tf.math.log(tf.abs(frames) @ mel + 1e-3)
        logits = net(features[..., None])
        top = tf.math.top_k(tf.nn.softmax(logits), 2)
        return {"logits": logits, "scores": top.values, "labels": tf.gather(labels, top.indices)}

    def of_wav(wav):
        samples, rate = tf.audio.decode_wav(wav, desired_channels=1, desired_samples=3840)
        return {**spot(tf.transpose(samples)), "rate": rate}

    save_module(path, {"serving_default": (spot, {"samples": ([None, 3840], tf.float32)}), "wav": (of_wav, {"wav": ([], tf.string)})}, [net])
    rng = seeded("audio")
    sound = (np.sin(np.arange(3840) / rng.uniform(3, 9, (3, 1))) * 0.5 + rng.normal(0, 0.02, (3, 3840))).astype(np.float32)
    wav = tf.audio.encode_wav(sound[0][:, None], 8000).numpy()
    return [("b1", "serving_default", {"samples": sound[:1]}), ("b3", "serving_default", {"samples": sound}), ("wav", "wav", {"wav": np.array(wav, dtype=object)})]

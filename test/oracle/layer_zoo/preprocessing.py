"""Preprocessing of numbers, categories and text, inside functional models."""

import numpy as np
import tensorflow as tf

from builder import Zoo

CORPUS = ["the quick brown fox jumped over the lazy dog", "the dog naïve straße ünïcode", "quick quick fox"]
LINES = np.array([b"The quick brown fox", b"", "the the dog, JUMPED! naïve straße".encode(), b"unknown words only"], dtype=object)
COLORS = ["red", "green", "blue"]


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers

    def adapted(layer, data):
        layer.adapt(data)
        return layer

    rows = np.random.default_rng(6).normal(size=(20, 3)) * [1, 5, 0.1] + [0, 3, -1]
    grid = np.random.default_rng(7).normal(size=(20, 4, 3))
    zoo.add("normalization", {"x": (3,), "g": (4, 3)}, lambda x, g: {
        "adapted": adapted(layers.Normalization(), rows)(x), "inverted": adapted(layers.Normalization(invert=True), rows)(x), "given": layers.Normalization(mean=1.0, variance=4.0)(x), "zero_variance": layers.Normalization(mean=1.0, variance=0.0)(x),
        "all": adapted(layers.Normalization(axis=None), rows)(x), "axes": adapted(layers.Normalization(axis=(1, 2)), grid)(g), "middle": adapted(layers.Normalization(axis=1), grid)(g),
    }, random_weights=False)

    def numbers(rng, batch):
        x = rng.uniform(-3, 3, (batch, 4)).astype(np.float32)
        x[0] = [-1, 0, 2.5, 1e9]
        return {"x": x, "i": rng.integers(-3, 9, (batch, 4)).astype(np.int64)}

    def discretized(x, i):
        kind = lambda **options: layers.Discretization(bin_boundaries=[-1.0, 0.0, 2.5], **options)
        return {
            "int": kind()(x), "of_int": kind()(i), "one_hot": kind(output_mode="one_hot")(x[:, :1]), "multi_hot": kind(output_mode="multi_hot")(x), "count": kind(output_mode="count")(x),
            "adapted": adapted(layers.Discretization(num_bins=4), rows[:, :1])(x),
        }

    zoo.add("discretization", {"x": (4,), "i": ((4,), "int64")}, discretized, numbers, random_weights=False)

    def categories(rng, batch):
        return {"i": rng.integers(0, 6, (batch, 3)).astype(np.int32), "w": rng.uniform(0, 1, (batch, 3)).astype(np.float32)}

    zoo.add("category-encoding", {"i": ((3,), "int32"), "w": (3,)}, lambda i, w: {
        "one_hot": layers.CategoryEncoding(6, output_mode="one_hot")(i[:, :1]), "multi_hot": layers.CategoryEncoding(6)(i), "count": layers.CategoryEncoding(6, output_mode="count")(i),
        "weighted": layers.CategoryEncoding(6, output_mode="count")(i, count_weights=w),
    }, categories)

    def words(rng, batch):
        given = np.array([b"red", b"green", b"", b"violet", "grün".encode(), b"blue"], dtype=object)
        return {"s": given[rng.integers(0, 6, (batch, 3))], "i": rng.integers(-2**40, 2**40, (batch, 2))}

    def hashed(s, i):
        return {
            "plain": layers.Hashing(17)(s), "masked": layers.Hashing(17, mask_value="")(s), "salted": layers.Hashing(23, salt=[133, 137])(s), "of_int": layers.Hashing(11, salt=9)(i),
            "multi_hot": layers.Hashing(5, output_mode="multi_hot")(s), "count": layers.Hashing(5, output_mode="count")(s), "one_hot": layers.Hashing(5, output_mode="one_hot")(i[:, :1]),
            "crossed": layers.HashedCrossing(13)((s[:, :1], i[:, :1])), "crossed_hot": layers.HashedCrossing(7, output_mode="one_hot")((s[:, :1], i[:, :1])),
        }

    zoo.add("hashing", {"s": ((3,), "string"), "i": ((2,), "int64")}, hashed, words)

    def strings(s):
        kind = lambda **options: layers.StringLookup(vocabulary=COLORS, **options)
        return {
            "int": kind()(s), "masked": kind(mask_token="", num_oov_indices=3)(s), "multi_hot": kind(output_mode="multi_hot")(s), "count": kind(output_mode="count", num_oov_indices=2)(s),
            "one_hot": kind(output_mode="one_hot")(s[:, :1]), "tf_idf": layers.StringLookup(vocabulary=COLORS, idf_weights=[0.5, 0.25, 0.8], output_mode="tf_idf")(s),
            "round_trip": layers.StringLookup(vocabulary=COLORS, invert=True)(kind()(s)), "padded": kind(output_mode="multi_hot", max_tokens=8, pad_to_max_tokens=True)(s),
            "adapted": adapted(layers.StringLookup(max_tokens=5), tf.constant([["red"], ["red"], ["blue"], ["x"]]))(s),
        }

    zoo.add("string-lookup", {"s": ((3,), "string")}, strings, lambda rng, batch: {"s": words(rng, batch)["s"]}, random_weights=False)

    def integers(i):
        kind = lambda **options: layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], **options)
        return {
            "int": kind()(i), "masked": kind(mask_token=0, num_oov_indices=2)(i), "multi_hot": kind(output_mode="multi_hot")(i), "count": kind(output_mode="count")(i), "one_hot": kind(output_mode="one_hot")(i[:, :1]),
            "round_trip": layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], invert=True)(kind()(i)),
            "tf_idf": layers.IntegerLookup(vocabulary=[12, 36, 1138, 42], idf_weights=[0.5, 0.25, 0.8, 2.0], output_mode="tf_idf")(i),
        }

    zoo.add("integer-lookup", {"i": ((4,), "int64")}, integers, lambda rng, batch: {"i": rng.choice([12, 36, 1138, 42, 0, -7, 2**40], (batch, 4))}, random_weights=False)

    def text(t):
        kind = lambda **options: adapted(layers.TextVectorization(**options), CORPUS)(t)
        return {
            "int": kind(), "padded": kind(output_sequence_length=6, max_tokens=9), "multi_hot": kind(output_mode="multi_hot"), "count": kind(output_mode="count", max_tokens=30, pad_to_max_tokens=True),
            "tf_idf": kind(output_mode="tf_idf"), "bigrams": kind(ngrams=2, output_sequence_length=8), "lower": kind(standardize="lower"), "raw": kind(standardize=None),
            "stripped": kind(standardize="strip_punctuation"), "characters": kind(split="character", output_sequence_length=12),
        }

    def lines(rng, batch):
        return {"t": LINES[np.arange(batch) % 4][:, None] if batch > 1 else LINES[2:3, None]}

    zoo.add("text-vectorization", {"t": ((1,), "string")}, text, lines, random_weights=False)

    def classifier(t):
        ids = adapted(layers.TextVectorization(output_sequence_length=8), CORPUS)(t)
        x = layers.Embedding(30, 6, mask_zero=True)(ids)
        return {"lstm": layers.Dense(2)(layers.LSTM(4)(x)), "mean": layers.Dense(3)(layers.GlobalAveragePooling1D()(x))}

    zoo.add("text-classifier-masked", {"t": ((1,), "string")}, classifier, lines, random_weights=False)

    def recommender(user, tags, age):
        u = layers.Flatten()(layers.Embedding(7, 4)(layers.StringLookup(vocabulary=COLORS)(user)))
        t = layers.StringLookup(vocabulary=COLORS, output_mode="multi_hot")(tags)
        a = layers.Discretization(bin_boundaries=[18.0, 30.0, 50.0], output_mode="one_hot")(age)
        cross = layers.HashedCrossing(20, output_mode="one_hot")((user, layers.Discretization(bin_boundaries=[18.0, 30.0])(age)))
        deep = layers.Dense(8, activation="relu")(layers.Concatenate()([u, t, layers.Normalization(mean=40.0, variance=100.0)(age)]))
        wide = layers.Dense(1)(layers.Concatenate()([cross, a, t]))
        return {"score": layers.Activation("sigmoid")(layers.Add()([layers.Dense(1)(deep), wide])), "embedding": u}

    def people(rng, batch):
        s = words(rng, batch)["s"]
        return {"user": s[:, :1], "tags": s, "age": rng.uniform(5, 80, (batch, 1)).astype(np.float32)}

    zoo.add("recommender", {"user": ((1,), "string"), "tags": ((3,), "string"), "age": (1,)}, recommender, people, random_weights=False)
    if zoo.has("DenseFeatures"):
        zoo.add_maker("dense-features", dense_features)
    return zoo.table


def dense_features(path):
    """Feature columns of TensorFlow 2 in a Keras 2 model."""
    import tf_keras

    column = tf.feature_column
    age = column.numeric_column("age")
    city = column.categorical_column_with_vocabulary_list("city", ["berlin", "paris", "rome"], num_oov_buckets=1)
    shop = column.categorical_column_with_hash_bucket("shop", 10)
    columns = [
        age, column.bucketized_column(age, [18.0, 30.0, 50.0]), column.indicator_column(city), column.embedding_column(city, 3), column.embedding_column(shop, 4, combiner="sqrtn"),
        column.indicator_column(column.crossed_column([city, "shop"], 15)),
    ]
    inputs = {"age": tf_keras.Input((1,), name="age"), "city": tf_keras.Input((1,), dtype="string", name="city"), "shop": tf_keras.Input((1,), dtype="string", name="shop")}
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2)(tf_keras.layers.DenseFeatures(columns)(inputs)))
    model.save(path, save_format="tf")
    text = lambda *items: np.array(items, dtype=object)[:, None]
    return [
        ("b1", "serving_default", {"age": np.array([[31]], np.float32), "city": text(b"rome"), "shop": text(b"a")}),
        ("b3", "serving_default", {"age": np.array([[5], [18], [77]], np.float32), "city": text(b"paris", b"tokyo", b"berlin"), "shop": text(b"", b"b", "ü".encode())}),
    ]

"""Policies of other precision than float32. Random numbers in, so every rounding is met."""

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers

    def parts(x, i, s):
        return {
            "dense": layers.Dense(3)(layers.Dense(8, activation="relu")(x)),
            "conv": layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(i)))),
            "norm": layers.LayerNormalization()(s), "softmax": layers.Softmax()(x), "pool": layers.MaxPooling2D()(i), "sum": layers.Add()([x, x]), "gelu": layers.Activation("gelu")(x),
            "attention": layers.MultiHeadAttention(2, 4)(s, s), "lstm": layers.LSTM(4, recurrent_initializer="zeros")(s), "gru": layers.GRU(4, return_sequences=True, recurrent_initializer="zeros")(s),
        }

    def under(policy, float_output):
        def build(x, i, s):
            before = keras.mixed_precision.dtype_policy() if zoo.is_keras3 else keras.mixed_precision.global_policy()
            set_policy = keras.mixed_precision.set_global_policy if hasattr(keras.mixed_precision, "set_global_policy") else keras.mixed_precision.set_dtype_policy
            set_policy(policy)
            try:
                made = parts(x, i, s)
                return {name: layers.Activation("linear", dtype="float32")(value) for name, value in made.items()} if float_output else made
            finally:
                set_policy(before)

        return build

    shapes = {"x": (7,), "i": (6, 6, 3), "s": (5, 8)}
    for policy in ("float64", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16"):
        zoo.add(policy.replace("_", "-"), shapes, under(policy, policy != "float64"))
    return zoo.table

"""Recurrent layers beyond those of rnn_models.py."""

import numpy as np

from builder import Zoo


def models(keras):
    zoo = Zoo(keras)
    layers = keras.layers
    steps = (6, 4)

    for rank, size in {1: (4, 6, 2), 2: (3, 5, 4, 2), 3: (3, 4, 3, 4, 2)}.items():
        kind = getattr(layers, f"ConvLSTM{rank}D")
        zoo.add(f"conv-lstm-{rank}d", {"x": size}, lambda x, kind=kind: {
            "same": kind(3, 3, padding="same")(x), "valid": kind(2, 2, return_sequences=True)(x), "strided": kind(2, 3, strides=2, padding="same", use_bias=False)(x),
            "dilated": kind(2, 2, dilation_rate=2, padding="same")(x), "backwards": kind(2, 3, padding="same", go_backwards=True, return_sequences=True, activation="relu", recurrent_activation="sigmoid")(x),
            "state": kind(2, 3, padding="same", return_state=True)(x)[2], "dropout": kind(2, 3, padding="same", dropout=0.2, recurrent_dropout=0.2)(x),
        })
    zoo.add("rnn-cells", {"x": steps}, lambda x: {
        "lstm": layers.RNN(layers.LSTMCell(3))(x), "gru": layers.RNN(layers.GRUCell(4), return_sequences=True)(x), "simple": layers.RNN(layers.SimpleRNNCell(3), go_backwards=True)(x),
        "stacked": layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2), layers.SimpleRNNCell(5)]), return_sequences=True)(x), "gru_before": layers.RNN(layers.GRUCell(4, reset_after=False))(x),
        "unrolled": layers.RNN(layers.GRUCell(4), unroll=True)(x),
    })
    zoo.add("bidirectional", {"x": steps}, lambda x: {
        **{f"{mode}_of": layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode=mode)(x) for mode in ("concat", "sum", "mul", "ave")},
        "none": layers.Bidirectional(layers.LSTM(3), merge_mode=None)(x)[1], "two": layers.Bidirectional(layers.LSTM(3, return_sequences=True), backward_layer=layers.GRU(2, return_sequences=True, go_backwards=True))(x),
        "state": layers.Bidirectional(layers.LSTM(3, return_state=True))(x)[3], "cell": layers.Bidirectional(layers.RNN(layers.SimpleRNNCell(3)))(x),
    })
    zoo.add("states", {"x": steps, "h": (3,), "c": (3,)}, lambda x, h, c: {
        "lstm": layers.LSTM(3, return_state=True)(x, initial_state=[h, c])[2], "gru": layers.GRU(3, return_sequences=True)(x, initial_state=h), "simple": layers.SimpleRNN(3, return_state=True)(x, initial_state=h)[1],
    })
    zoo.add("time-distributed", {"x": steps, "v": (3, 6, 5, 2)}, lambda x, v: {
        "dense": layers.TimeDistributed(layers.Dense(3, activation="relu"))(x), "conv": layers.TimeDistributed(layers.Conv2D(3, 3, padding="same"))(v), "norm": layers.TimeDistributed(layers.BatchNormalization())(x),
        "pool": layers.TimeDistributed(layers.GlobalAveragePooling2D())(v), "masked": layers.TimeDistributed(layers.Dense(2))(layers.Masking()(x)),
        "video": layers.LSTM(4)(layers.TimeDistributed(layers.Flatten())(layers.TimeDistributed(layers.MaxPooling2D())(v))),
    })
    zoo.add("time-distributed-free", {"x": (None, 4)}, lambda x: layers.TimeDistributed(layers.Dense(3))(x))

    def encoder_decoder(source, target):
        _, h, c = layers.LSTM(5, return_state=True)(layers.Embedding(12, 4, mask_zero=True)(source))
        out = layers.LSTM(5, return_sequences=True)(layers.Embedding(12, 4)(target), initial_state=[h, c])
        return layers.TimeDistributed(layers.Dense(12, activation="softmax"))(out)

    zoo.add("sequence-to-sequence", {"source": ((5,), "int32"), "target": ((4,), "int32")}, encoder_decoder)

    def custom(x):
        class Leaky(layers.Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.units = units
                self.state_size = units

            def build(self, shape):
                self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

            def call(self, inputs, states):
                ops = keras.ops if zoo.is_keras3 else keras.backend
                dot = ops.matmul if zoo.is_keras3 else ops.dot
                state = 0.7 * states[0] + 0.3 * ops.tanh(dot(inputs, self.kernel))
                return state, [state]

        return layers.RNN(Leaky(3), return_sequences=True)(x)

    zoo.add("custom-cell", {"x": steps}, custom)

    def spotter(x):
        x = layers.Bidirectional(layers.GRU(6, return_sequences=True))(layers.Conv1D(8, 3, padding="same", activation="relu")(x))
        return layers.Dense(4)(layers.Attention()([x, x])[:, 0])

    zoo.add("convolutional-recurrent", {"x": (12, 5)}, spotter)
    return zoo.table

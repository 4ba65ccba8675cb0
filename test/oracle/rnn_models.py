"""Recurrent and control-flow models of layer_zoo/export.py: name → function that writes a SavedModel and gives the inputs of its cases."""

import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(20240907)


def floats(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def load(flavor):
    return {"keras3": keras3, "keras2": keras2, "tf2": tf2, "tf1": tf1}[flavor]()


def randomize(model):
    for weight in model.weights:
        value = weight.numpy()
        if value.dtype.kind == "f" and "seed" not in weight.name:
            weight.assign(RNG.uniform(-0.6, 0.6, value.shape).astype(value.dtype))


def masked_steps(batch, steps, features, lengths):
    x = floats(batch, steps, features)
    for row, length in enumerate(lengths):
        x[row, length:] = 0
    return x


def keras_models(keras, is_keras3):
    """Models that both generations of Keras can say."""
    layers = keras.layers
    table = {}

    def add(name, build, sizes, make_input=None, batches=(1, 3)):
        def make(path):
            inputs = keras.Input(shape=sizes, name="x") if not isinstance(sizes, dict) else keras.Input(**sizes)
            model = keras.Model(inputs, build(inputs))
            randomize(model)
            key = inputs.name.split(":")[0]
            if is_keras3:
                model.export(path)
                key = "x"
            else:
                model.save(path, save_format="tf")
            shape = list(inputs.shape[1:])
            shape = [5 if d is None else d for d in shape]
            cases = []
            for b in batches:
                rows = make_input(b, *shape) if make_input else floats(b, *shape)
                cases.append((f"b{b}", {key: rows}))
            return cases

        table[name] = make

    seq = (6, 4)
    add("lstm_last", lambda x: layers.LSTM(5)(x), seq)
    add("lstm_seq", lambda x: layers.LSTM(5, return_sequences=True)(x), seq)
    add("lstm_state", lambda x: layers.LSTM(5, return_sequences=True, return_state=True)(x), seq)
    add("lstm_dynamic_time", lambda x: layers.LSTM(5, return_sequences=True)(x), (None, 4))
    add("lstm_backwards", lambda x: layers.LSTM(5, return_sequences=True, go_backwards=True)(x), seq)
    add("lstm_backwards_last", lambda x: layers.LSTM(5, go_backwards=True)(x), seq)
    add("lstm_no_bias", lambda x: layers.LSTM(5, use_bias=False)(x), seq)
    add("lstm_hard_sigmoid", lambda x: layers.LSTM(5, recurrent_activation="hard_sigmoid")(x), seq)
    add("lstm_relu", lambda x: layers.LSTM(5, activation="relu", return_sequences=True)(x), seq)
    add("lstm_unroll", lambda x: layers.LSTM(5, unroll=True)(x), (3, 4))
    add("lstm_recurrent_dropout", lambda x: layers.LSTM(5, recurrent_dropout=0.2, dropout=0.1)(x), seq)
    add("lstm_stacked", lambda x: layers.LSTM(3)(layers.LSTM(5, return_sequences=True)(x)), seq)
    add(
        "lstm_initial_state",
        lambda x: layers.LSTM(5)(x, initial_state=[layers.Dense(5)(x[:, 0]), layers.Dense(5)(x[:, 1])]),
        seq,
    )
    add("gru_last", lambda x: layers.GRU(5)(x), seq)
    add("gru_seq", lambda x: layers.GRU(5, return_sequences=True)(x), seq)
    add("gru_reset_before", lambda x: layers.GRU(5, reset_after=False, return_sequences=True)(x), seq)
    add("gru_backwards", lambda x: layers.GRU(5, return_sequences=True, go_backwards=True)(x), seq)
    add("gru_no_bias", lambda x: layers.GRU(5, use_bias=False)(x), seq)
    add("gru_hard_sigmoid", lambda x: layers.GRU(5, recurrent_activation="hard_sigmoid")(x), seq)
    add("simple_rnn", lambda x: layers.SimpleRNN(5)(x), seq)
    add("simple_rnn_relu_seq", lambda x: layers.SimpleRNN(5, activation="relu", return_sequences=True)(x), seq)
    add("bidirectional_lstm", lambda x: layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x), seq)
    add("bidirectional_lstm_last", lambda x: layers.Bidirectional(layers.LSTM(4))(x), seq)
    add("bidirectional_gru_sum", lambda x: layers.Bidirectional(layers.GRU(4), merge_mode="sum")(x), seq)
    add("bidirectional_simple", lambda x: layers.Bidirectional(layers.SimpleRNN(4, return_sequences=True))(x), seq)

    def masked(batch, steps, features):
        return masked_steps(batch, steps, features, [max(1, steps - 2 * i) for i in range(batch)])

    def holes(batch, steps, features):
        x = floats(batch, steps, features)
        x[:, 1] = 0
        x[0, 3] = 0
        return x

    add("lstm_masking", lambda x: layers.LSTM(5)(layers.Masking()(x)), seq, masked)
    add("lstm_masking_seq", lambda x: layers.LSTM(5, return_sequences=True)(layers.Masking()(x)), seq, masked)
    add("lstm_masking_holes", lambda x: layers.LSTM(5, return_sequences=True)(layers.Masking()(x)), seq, holes)
    add("gru_masking", lambda x: layers.GRU(5)(layers.Masking()(x)), seq, masked)
    add("simple_masking", lambda x: layers.SimpleRNN(5)(layers.Masking()(x)), seq, masked)
    add(
        "bidirectional_masking",
        lambda x: layers.Bidirectional(layers.LSTM(4, return_sequences=True))(layers.Masking()(x)),
        seq,
        masked,
    )

    def tokens(batch, steps):
        ids = RNG.integers(1, 11, (batch, steps)).astype(np.float32)
        for row in range(batch):
            ids[row, max(1, steps - row) :] = 0
        return ids

    add("embedding_mask_lstm", lambda x: layers.LSTM(5)(layers.Embedding(11, 4, mask_zero=True)(x)), (6,), tokens)
    add("embedding_mask_gru", lambda x: layers.GRU(5)(layers.Embedding(11, 4, mask_zero=True)(x)), (6,), tokens)
    add("rnn_cells", lambda x: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)])(x), seq)
    add("rnn_lstm_cell", lambda x: layers.RNN(layers.LSTMCell(4), return_sequences=True)(x), seq)
    add("conv_lstm_2d", lambda x: layers.ConvLSTM2D(3, 3, padding="same")(x), (4, 5, 5, 2))
    add(
        "conv_lstm_2d_seq",
        lambda x: layers.ConvLSTM2D(2, 3, padding="valid", return_sequences=True)(x),
        (3, 5, 5, 2),
    )
    add("conv_lstm_1d", lambda x: layers.ConvLSTM1D(3, 2, padding="same")(x), (4, 6, 2))
    add("time_distributed", lambda x: layers.TimeDistributed(layers.Dense(3))(layers.GRU(4, return_sequences=True)(x)), seq)

    return table


def keras3():
    import keras

    return keras_models(keras, True)


def keras2():
    import tf_keras

    table = keras_models(tf_keras, False)
    layers = tf_keras.layers

    def time_major(path):
        inputs = tf_keras.Input(shape=(6, 4), name="x")
        turned = tf.transpose(inputs, [1, 0, 2])
        model = tf_keras.Model(inputs, layers.LSTM(5, time_major=True, return_sequences=True)(turned))
        randomize(model)
        model.save(path, save_format="tf")
        return [("b2", {"x": floats(2, 6, 4)})]

    table["lstm_time_major"] = time_major

    def stateful(path):
        inputs = tf_keras.Input(batch_shape=(2, 6, 4), name="x")
        model = tf_keras.Model(inputs, layers.LSTM(5, stateful=True)(inputs))
        randomize(model)
        model.save(path, save_format="tf")
        return [("b2", {"x": floats(2, 6, 4)})]

    table["lstm_stateful"] = stateful
    return table


def spec(*shape, dtype=tf.float32, name="x"):
    return tf.TensorSpec(shape, dtype, name=name)


def export_function(function, specs, path):
    module = tf.Module()
    module.weight = tf.Variable(floats(4, 4), name="weight")
    module.other = tf.Variable(floats(4), name="other")
    traced = tf.function(lambda *args: function(module, *args), input_signature=specs)
    module.serve = traced
    tf.saved_model.save(module, path, signatures={"serving_default": traced.get_concrete_function()})


def tf2():
    table = {}

    def add(name, function, specs, *cases):
        def make(path):
            export_function(function, specs, path)
            return [(f"c{i}", {s.name: a for s, a in zip(specs, arrays)}) for i, arrays in enumerate(cases)]

        table[name] = make

    def loop_count(m, x):
        return {"y": tf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, tf.tanh(a @ m.weight)), [0, x])[1]}

    add("while_count", loop_count, [spec(None, 4)], (floats(2, 4),), (floats(1, 4),))

    def loop_data(m, x):
        i, a = tf.while_loop(lambda i, a: tf.reduce_sum(a) < 100.0, lambda i, a: (i + 1, a * 1.5 + 1), [0, x])
        return {"i": i, "a": a}

    add("while_data", loop_data, [spec(None)], (np.abs(floats(3)),), (np.full(2, 200, np.float32),))

    def loop_grow(m, x):
        _, a = tf.while_loop(
            lambda i, a: i < 4,
            lambda i, a: (i + 1, tf.concat([a, tf.cast(tf.fill([1], i), tf.float32)], 0)),
            [0, x],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
        )
        return {"a": a}

    add("while_growing", loop_grow, [spec(None)], (floats(3),), (floats(0),))

    def nested(m, x):
        def outer(i, a):
            def inner(j, b):
                return j + 1, b @ m.weight * 0.5 + tf.cast(i, tf.float32)

            return i + 1, tf.while_loop(lambda j, b: j < i, inner, [0, a])[1]

        return {"a": tf.while_loop(lambda i, a: i < 4, outer, [0, x])[1]}

    add("while_nested", nested, [spec(None, 4)], (floats(2, 4),))

    def swap(m, x):
        _, a, b = tf.while_loop(lambda i, a, b: i < 3, lambda i, a, b: (i + 1, b, a + b), [0, x, x * 2])
        return {"a": a, "b": b}

    add("while_swap", swap, [spec(3)], (floats(3),))

    def int64_count(m, n):
        i, s = tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, s + i * i), [tf.constant(0, tf.int64), tf.constant(0, tf.int64)]
        )
        return {"s": s}

    add("while_trip_input", int64_count, [spec(dtype=tf.int64, name="n")], (np.int64(7),), (np.int64(0),))

    def cond(m, x):
        return {"y": tf.cond(tf.reduce_sum(x) > 0, lambda: x @ m.weight, lambda: x - m.other)}

    add("cond", cond, [spec(None, 4)], (np.abs(floats(2, 4)),), (-np.abs(floats(2, 4)),))

    def cond_shapes(m, x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: x[:1], lambda: x)
        return {"y": y}

    add("cond_shapes", cond_shapes, [spec(None, 4)], (np.abs(floats(3, 4)),), (-np.abs(floats(3, 4)),))

    def switch(m, n, x):
        return {"y": tf.switch_case(n, [lambda: x + 1, lambda: x * 2, lambda: x @ m.weight])}

    for_n = [spec(dtype=tf.int32, name="n"), spec(None, 4)]
    add("switch_case", switch, for_n, *[(np.int32(n), floats(2, 4)) for n in (0, 1, 2, 7)])

    def cond_in_while(m, x):
        def body(i, a):
            return i + 1, tf.cond(tf.reduce_sum(a) > 0, lambda: a - 1, lambda: a @ m.weight + 2)

        return {"a": tf.while_loop(lambda i, a: i < 6, body, [0, x])[1]}

    add("cond_in_while", cond_in_while, [spec(None, 4)], (floats(2, 4),))

    def map_fn(m, x):
        return {"y": tf.map_fn(lambda row: tf.nn.softmax(row @ m.weight), x)}

    add("map_fn", map_fn, [spec(None, 3, 4)], (floats(5, 3, 4),), (floats(1, 3, 4),))

    def map_fn_pair(m, x):
        y, n = tf.map_fn(
            lambda row: (row * 2, tf.argmax(row)), x, fn_output_signature=(tf.float32, tf.int64)
        )
        return {"y": y, "n": n}

    add("map_fn_pair", map_fn_pair, [spec(None, 4)], (floats(5, 4),))

    def scan(m, x):
        return {"y": tf.scan(lambda a, row: tf.tanh(a + row), x, initializer=m.other)}

    add("scan", scan, [spec(None, 4)], (floats(5, 4),))

    def foldr(m, x):
        return {"y": tf.foldr(lambda a, row: a * 0.5 + row, x)}

    add("foldr", foldr, [spec(None, 4)], (floats(5, 4),))

    def array_random(m, x):
        n = tf.shape(x)[0]
        array = tf.TensorArray(tf.float32, n, element_shape=[4])

        def body(i, a):
            return i + 1, a.write(n - 1 - i, x[i] * 2)

        return {"y": tf.while_loop(lambda i, a: i < n, body, [0, array])[1].stack()}

    add("array_reverse_writes", array_random, [spec(None, 4)], (floats(5, 4),))

    def array_read_back(m, x):
        n = tf.shape(x)[0]
        array = tf.TensorArray(tf.float32, n, element_shape=[4], clear_after_read=False).unstack(x)

        def body(i, a):
            return i + 1, a.write(i, a.read(i - 1) + a.read(i))

        return {"y": tf.while_loop(lambda i, a: i < n, body, [1, array])[1].stack()}

    add("array_read_back", array_read_back, [spec(None, 4)], (floats(5, 4),))

    def array_partial(m, x):
        array = tf.TensorArray(tf.float32, 6, element_shape=[4])

        def body(i, a):
            return i + 2, a.write(i, x[i])

        return {"y": tf.while_loop(lambda i, a: i < 5, body, [1, array])[1].stack()}

    add("array_holes", array_partial, [spec(6, 4)], (floats(6, 4),))

    def array_unknown(m, x):
        array = tf.TensorArray(tf.float32, tf.shape(x)[1])

        def body(i, a):
            return i + 1, a.write(i, x[:, i] @ m.weight)

        return {"y": tf.while_loop(lambda i, a: i < tf.shape(x)[1], body, [0, array])[1].stack()}

    add("array_batch", array_unknown, [spec(None, None, 4)], (floats(2, 5, 4),), (floats(1, 2, 4),))

    def array_dynamic(m, x):
        array = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[4])

        def body(i, a):
            return i + 1, a.write(i, x[i] + 1)

        return {"y": tf.while_loop(lambda i, a: i < tf.shape(x)[0], body, [0, array])[1].stack()}

    add("array_dynamic", array_dynamic, [spec(None, 4)], (floats(5, 4),))

    def array_early(m, x):
        n = tf.shape(x)[0]
        array = tf.TensorArray(tf.float32, n, element_shape=[4])

        def go(i, s, a):
            return tf.logical_and(i < n, s < 1.0)

        def body(i, s, a):
            return i + 1, s + tf.reduce_max(x[i]), a.write(i, x[i])

        return {"y": tf.while_loop(go, body, [0, 0.0, array])[2].stack()}

    add("array_early_exit", array_early, [spec(None, 4)], (np.abs(floats(5, 4)),), (-np.abs(floats(3, 4)),))

    def array_concat(m, x):
        n = tf.shape(x)[0]
        array = tf.TensorArray(tf.float32, n, element_shape=[None, 4], infer_shape=False)

        def body(i, a):
            return i + 1, a.write(i, x[: i + 1])

        return {"y": tf.while_loop(lambda i, a: i < n, body, [0, array])[1].concat()}

    add("array_concat_ragged", array_concat, [spec(None, 4)], (floats(4, 4),))

    def array_concat_even(m, x):
        n = tf.shape(x)[0]
        array = tf.TensorArray(tf.float32, n, element_shape=[2, 4])

        def body(i, a):
            return i + 1, a.write(i, tf.stack([x[i], x[i] * 2]))

        return {"y": tf.while_loop(lambda i, a: i < n, body, [0, array])[1].concat()}

    add("array_concat_even", array_concat_even, [spec(None, 4)], (floats(4, 4),))

    def lists(m, x):
        raw = tf.raw_ops
        shape = tf.constant([4], tf.int32)
        handle = raw.TensorListFromTensor(tensor=x, element_shape=shape)
        handle = raw.TensorListPushBack(input_handle=handle, tensor=m.other)
        handle, popped = raw.TensorListPopBack(
            input_handle=handle, element_shape=shape, element_dtype=tf.float32
        )
        handle = raw.TensorListSetItem(input_handle=handle, index=1, item=popped)
        length = raw.TensorListLength(input_handle=handle)
        picked = raw.TensorListGather(
            input_handle=handle, indices=[1, 0], element_shape=shape, element_dtype=tf.float32
        )
        longer = raw.TensorListResize(input_handle=handle, size=length + 2)
        stacked = raw.TensorListStack(input_handle=longer, element_shape=shape, element_dtype=tf.float32)
        scattered = raw.TensorListScatterV2(tensor=x, indices=[2, 0, 1], element_shape=shape, num_elements=-1)
        turned = raw.TensorListStack(input_handle=scattered, element_shape=shape, element_dtype=tf.float32)
        return {"length": length, "picked": picked, "stacked": stacked, "turned": turned}

    add("list_ops", lists, [spec(3, 4)], (floats(3, 4),))

    def push_loop(m, x):
        raw = tf.raw_ops
        handle = raw.EmptyTensorList(
            element_shape=tf.constant([4], tf.int32), max_num_elements=-1, element_dtype=tf.float32
        )

        def body(i, a):
            return i + 1, raw.TensorListPushBack(input_handle=a, tensor=x[i] * 3)

        _, handle = tf.while_loop(lambda i, a: i < tf.shape(x)[0], body, [0, handle])
        return {
            "y": raw.TensorListStack(
                input_handle=handle, element_shape=tf.constant([4], tf.int32), element_dtype=tf.float32
            )
        }

    add("list_push_loop", push_loop, [spec(None, 4)], (floats(5, 4),))

    def strings(m, s):
        return {"y": tf.map_fn(lambda t: tf.strings.length(t), s, fn_output_signature=tf.int32)}

    text = np.array([b"one", b"three", b""], object)
    add("strings_map", strings, [spec(None, dtype=tf.string, name="s")], (text,))

    def strings_numbers(m, s):
        y = tf.map_fn(
            lambda t: tf.strings.to_number(tf.strings.split(t, ",")), s, fn_output_signature=spec(4, name=None)
        )
        return {"y": tf.nn.relu(y @ m.weight)}

    text2 = np.array([b"1,2,3,4", b"-1,0.5,2,-3"], object)
    add("strings_numbers", strings_numbers, [spec(None, dtype=tf.string, name="s")], (text2,))

    def strings_fused(m, s):
        def row(t):
            x = tf.strings.to_number(tf.strings.split(t, ","))
            a = x * tf.nn.relu6(x + 3) / 6
            b = 0.5 * x * (1 + tf.math.erf(x / 2**0.5))
            mean, variance = tf.nn.moments(x, [-1], keepdims=True)
            c = (x - mean) * tf.math.rsqrt(variance + 1e-3) * m.other + 1.0
            return a + b + c + tf.nn.relu6(x + 3) / 6

        return {"y": tf.map_fn(row, s, fn_output_signature=spec(4, name=None))}

    add("strings_fused", strings_fused, [spec(None, dtype=tf.string, name="s")], (text2,))

    def decode(m, x):
        n, steps = tf.shape(x)[0], 6
        tokens = tf.TensorArray(tf.int32, steps)

        def body(i, state, done, out):
            state = tf.tanh(state @ m.weight + m.other)
            token = tf.argmax(state, -1, output_type=tf.int32)
            done = tf.logical_or(done, tf.equal(token, 9))
            return i + 1, state, done, out.write(i, token)

        def go(i, state, done, out):
            return tf.logical_and(i < steps, tf.logical_not(tf.reduce_all(done)))

        _, state, _, out = tf.while_loop(go, body, [0, x, tf.zeros([n], tf.bool), tokens])
        return {"tokens": tf.transpose(out.stack()), "state": state}

    add("greedy_decode", decode, [spec(None, 4)], (floats(3, 4),))

    add("map_fn_empty", map_fn, [spec(None, 3, 4)], (floats(0, 3, 4),), (floats(2, 3, 4),))
    add("scan_empty", array_early, [spec(None, 4)], (floats(0, 4),), (floats(2, 4),))

    def near_lstm(change):
        def run(m, x):
            n = tf.shape(x)[0]
            kernel, bias = tf.tile(m.weight, [1, 4]) * 0.9, tf.concat([m.other, -m.other, m.other * 2, m.other], 0)
            out = tf.TensorArray(tf.float32, n, element_shape=[None, 4])

            def body(t, h, c, out):
                i, f, g, o = tf.split(x[t] @ kernel + h @ tf.roll(kernel, 1, 0) + bias, 4, -1)
                i, f, o, g = tf.sigmoid(i), tf.sigmoid(f), tf.sigmoid(o), tf.tanh(g)
                if change == "clip":
                    c = tf.clip_by_value(f * c + i * g, -0.5, 0.5)
                elif change == "coupled":
                    c = f * c + (1 - f) * g
                elif change == "time":
                    c = f * c + i * g * tf.cast(t, tf.float32)
                elif change == "skip":
                    c = f * c + i * g + 0.1 * x[t]
                else:
                    c = f * c + i * g
                h = o * tf.tanh(c)
                if change == "residual":
                    h = h + 0.1
                return t + 1, h, c, out.write(t, h)

            zero = tf.zeros_like(x[0])
            _, h, c, out = tf.while_loop(lambda t, h, c, o: t < n, body, [0, zero, zero, out])
            return {"h": h, "c": c, "y": out.stack()}

        return run

    for change in ("none", "clip", "coupled", "time", "skip", "residual"):
        add(f"lstm_by_hand_{change}", near_lstm(change), [spec(None, None, 4)], (floats(5, 2, 4) * 3,))

    def near_gru(m, x):
        def body(t, h):
            z, r = tf.split(tf.sigmoid(tf.concat([x[t], h], -1) @ tf.tile(m.weight, [2, 2])), 2, -1)
            g = tf.tanh(x[t] @ m.weight + (r * h) @ m.weight[::-1] + m.other)
            return t + 1, z * g + (1 - z) * h

        return {"h": tf.while_loop(lambda t, h: t < tf.shape(x)[0], body, [0, tf.zeros_like(x[0])])[1]}

    add("gru_by_hand_other_way", near_gru, [spec(None, None, 4)], (floats(5, 2, 4) * 3,))

    def beam(m, x):
        """A decoder: an inner recurrent loop in an outer loop that stops on data."""

        def outer(i, h, done):
            def inner(j, b):
                return j + 1, tf.tanh(b @ m.weight + m.other)

            h = tf.while_loop(lambda j, b: j < 3, inner, [0, h])[1]
            return i + 1, h, tf.reduce_any(h > 0.9)

        i, h, _ = tf.while_loop(lambda i, h, done: tf.logical_and(i < 10, tf.logical_not(done)), outer, [0, x, False])
        return {"i": i, "h": h}

    add("decoder_nested", beam, [spec(None, 4)], (floats(2, 4),))

    def block_lstm(m, x):
        w, b = tf.tile(tf.concat([m.weight, m.weight[::-1]], 0), [1, 4]) * 0.7, tf.tile(m.other, [4])
        zero = tf.zeros([2, 4])
        made = {}
        for name, op, extra in (
            ("v1", tf.raw_ops.BlockLSTM, dict(forget_bias=1.0, cell_clip=3.0)),
            ("v2", tf.raw_ops.BlockLSTMV2, dict(cell_clip=0.0)),
        ):
            for peephole in (False, True):
                result = op(
                    seq_len_max=tf.constant(4, tf.int64), x=x, cs_prev=zero, h_prev=zero, w=w, b=b,
                    wci=m.other, wcf=m.other * 0.5, wco=m.other * 2, use_peephole=peephole, **extra,
                )
                made[f"{name}_h_{peephole}"], made[f"{name}_c_{peephole}"] = result.h, result.cs
        return made

    add("block_lstm", block_lstm, [spec(5, 2, 4)], (floats(5, 2, 4),))

    def cells(m, x):
        w = tf.tile(tf.concat([m.weight, m.weight[::-1]], 0), [1, 4]) * 0.7
        made = tf.raw_ops.LSTMBlockCell(
            x=x, cs_prev=x * 0.5, h_prev=x * 0.25, w=w, b=tf.tile(m.other, [4]), wci=m.other,
            wcf=m.other * 0.5, wco=m.other * 2, forget_bias=1.0, cell_clip=3.0, use_peephole=True,
        )
        gru = tf.raw_ops.GRUBlockCell(
            x=x, h_prev=x * 0.25, w_ru=w[:, :8], w_c=w[:, 8:12], b_ru=tf.tile(m.other, [2]), b_c=m.other
        )
        names = "i cs f o ci co h"
        return {**{k: getattr(made, k) for k in names.split()}, **{f"g_{k}": getattr(gru, k) for k in "r u c h".split()}}

    add("block_cells", cells, [spec(None, 4)], (floats(3, 4),))
    return table


def tf1():
    """Control flow of frames, as TensorFlow 1 wrote it."""
    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    table = {}

    def add(name, function, dtype, shape, *arrays):
        def make(path):
            graph = tf.Graph()
            with graph.as_default(), v1.Session(graph=graph) as session:
                v1.disable_control_flow_v2()
                x = v1.placeholder(dtype, shape, name="x")
                weight = v1.get_variable("weight", initializer=floats(4, 4), use_resource=False)
                made = function(x, weight)
                session.run(v1.global_variables_initializer())
                v1.saved_model.simple_save(session, path, {"x": x}, made)
            return [(f"c{i}", {"x": array}) for i, array in enumerate(arrays)]

        table[name] = make

    add(
        "while",
        lambda x, w: {"y": v1.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, tf.tanh(a @ w)), [0, x])[1]},
        tf.float32, [None, 4], floats(2, 4),
    )
    add(
        "while_data",
        lambda x, w: dict(
            zip("ia", v1.while_loop(lambda i, a: tf.reduce_sum(a) < 100.0, lambda i, a: (i + 1, a * 1.5 + 1), [0, x]))
        ),
        tf.float32, [None], np.abs(floats(3)), np.full(2, 200, np.float32),
    )

    def nested(x, w):
        def outer(i, a):
            return i + 1, v1.while_loop(lambda j, b: j < i, lambda j, b: (j + 1, b @ w * 0.5 + tf.cast(i, tf.float32)), [0, a])[1]

        return {"a": v1.while_loop(lambda i, a: i < 4, outer, [0, x])[1]}

    add("while_nested", nested, tf.float32, [None, 4], floats(2, 4))
    add(
        "cond",
        lambda x, w: {"y": v1.cond(tf.reduce_sum(x) > 0, lambda: x @ w, lambda: x - 1)},
        tf.float32, [None, 4], np.abs(floats(2, 4)), -np.abs(floats(2, 4)),
    )
    add(
        "cond_nested",
        lambda x, w: {
            "y": v1.cond(
                tf.reduce_sum(x) > 0,
                lambda: v1.cond(tf.reduce_max(x) > 0.5, lambda: x @ w, lambda: x * 2),
                lambda: x - 1,
            )
        },
        tf.float32, [None, 4], np.abs(floats(2, 4)), np.abs(floats(2, 4)) * 0.1, -np.abs(floats(2, 4)),
    )

    def cond_in_while(x, w):
        def body(i, a):
            return i + 1, v1.cond(tf.reduce_sum(a) > 0, lambda: a - 1, lambda: a @ w + 2)

        return {"a": v1.while_loop(lambda i, a: i < 6, body, [0, x])[1]}

    add("cond_in_while", cond_in_while, tf.float32, [None, 4], floats(2, 4))
    add(
        "while_in_cond",
        lambda x, w: {
            "y": v1.cond(
                tf.reduce_sum(x) > 0,
                lambda: v1.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a @ w), [0, x])[1],
                lambda: x - 1,
            )
        },
        tf.float32, [None, 4], np.abs(floats(2, 4)), -np.abs(floats(2, 4)),
    )
    add("map_fn", lambda x, w: {"y": tf.map_fn(lambda row: row @ w, x)}, tf.float32, [None, 3, 4], floats(5, 3, 4))
    add("scan", lambda x, w: {"y": tf.scan(lambda a, row: tf.tanh(a @ w + row), x)}, tf.float32, [None, 2, 4], floats(5, 2, 4))
    text = np.array([b"one", b"three", b""], object)
    add(
        "strings",
        lambda x, w: {"y": tf.map_fn(lambda t: tf.strings.length(t), x, dtype=tf.int32)},
        tf.string, [None], text,
    )

    def dynamic_rnn(x, w):
        def body(i, h, out):
            h = tf.tanh(x[:, i] + h @ w)
            return i + 1, h, out.write(i, h)

        n = tf.shape(x)[1]
        out = tf.TensorArray(tf.float32, n)
        _, h, out = v1.while_loop(lambda i, h, o: i < n, body, [0, tf.zeros_like(x[:, 0]), out])
        return {"h": h, "y": tf.transpose(out.stack(), [1, 0, 2])}

    add("rnn", dynamic_rnn, tf.float32, [None, None, 4], floats(2, 5, 4))

    def arrays(x, w):
        a = tf.TensorArray(tf.float32, 5, clear_after_read=False).scatter([3, 1], x[:2])
        a = a.write(0, x[2] * 2).write(2, x[0]).write(4, x[1])
        b = tf.TensorArray(tf.float32, 2).split(tf.concat([x, x], 0)[:4], [2, 2])
        return {"gathered": a.gather([0, 3, 1]), "read": a.read(2), "size": a.size(), "joined": b.concat(), "all": a.stack()}

    add("arrays", arrays, tf.float32, [3, 4], floats(3, 4))
    return table

"""Cases of simulated quantisation."""

import numpy as np

from vision_recorder import case, grid, raw, tf


def add_quantized():
    x = np.concatenate([grid(40, low=-8, high=8), np.linspace(-7, 7, 57, dtype=np.float32)])
    for bits in (8, 4, 16):
        for narrow in (False, True):
            settings = dict(num_bits=bits, narrow_range=narrow)
            for low, high in ((-6.0, 6.0), (0.0, 5.5), (-1.3, 2.7)):
                case(
                    f"FakeQuantWithMinMaxArgs {bits} {narrow} {low} {high}",
                    lambda x, s=settings, a=low, b=high: raw.FakeQuantWithMinMaxArgs(inputs=x, min=a, max=b, **s),
                    x,
                )
                case(
                    f"FakeQuantWithMinMaxVars {bits} {narrow} {low} {high}",
                    lambda x, a, b, s=settings: raw.FakeQuantWithMinMaxVars(inputs=x, min=a, max=b, **s),
                    x, np.float32(low), np.float32(high),
                )
    case("FakeQuantWithMinMaxVars empty range", lambda x: raw.FakeQuantWithMinMaxVars(inputs=x, min=0.0, max=0.0), x)
    m = x[:96].reshape(-1, 3)
    case(
        "FakeQuantWithMinMaxVarsPerChannel",
        lambda x: raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=[-1.0, 0.0, -6.0], max=[1.5, 0.0, 3.0]),
        m,
    )
    for signed in (True, False):
        for given in (True, False):
            for narrow in (False, True):
                for mode in ("HALF_TO_EVEN", "HALF_UP"):
                    settings = dict(signed_input=signed, num_bits=8, range_given=given, narrow_range=narrow, round_mode=mode)
                    case(
                        f"QuantizeAndDequantizeV2 {signed} {given} {narrow} {mode}",
                        lambda x, s=settings: raw.QuantizeAndDequantizeV2(input=x, input_min=-2.5, input_max=4.0, **s),
                        x,
                    )
    case("QuantizeAndDequantizeV2 min side", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=-6.0, input_max=1.0, range_given=True), x)
    case(
        "QuantizeAndDequantizeV3 per channel",
        lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=[-1.0, -2.0, -3.0], input_max=[2.0, 1.0, 3.0], num_bits=8, range_given=True, axis=1),
        m,
    )
    case("QuantizeAndDequantizeV2 per row of data", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=[0.0] * 32, input_max=[0.0] * 32, axis=0), m)
    case("QuantizeAndDequantizeV3", lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=-3.0, input_max=3.0, num_bits=6, range_given=True), x)
    case("QuantizeAndDequantizeV3 range of data", lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=0.0, input_max=0.0, num_bits=8, range_given=False), x)
    case("QuantizeAndDequantizeV4", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=-3.0, input_max=3.0, num_bits=8, range_given=True), x)
    case("QuantizeAndDequantizeV4 double", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=tf.constant(-3.0, tf.float64), input_max=tf.constant(3.0, tf.float64), range_given=True), x.astype(np.float64))

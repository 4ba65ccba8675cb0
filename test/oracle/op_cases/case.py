"""How a case is written: an operation, its tensors as arrays, its attributes as plain values."""

from dataclasses import dataclass, field

import numpy as np
from ml_dtypes import bfloat16

CASES = []


@dataclass
class Case:
    op: str
    name: str
    tensors: dict
    attrs: dict
    const: tuple
    static_only: str
    shape_only: str = ""
    expected: list = field(default_factory=list)


def case(op, name="", const=(), static_only="", shape_only="", expected=(), **arguments):
    """
    Arrays and lists of arrays are inputs, in the order of the operation's arguments; anything else is an attribute.
    `const` names inputs that are constants of the graph. `static_only` says why unknown dimensions are refused.
    `shape_only` says why only shape and type of the answer are fixed. `expected` are the answers of an operation that
    this TensorFlow knows but can not run any more.
    """
    tensors, attrs = {}, {}
    for key, value in arguments.items():
        is_list = isinstance(value, list) and len(value) > 0 and isinstance(value[0], np.ndarray)
        (tensors if is_list or isinstance(value, np.ndarray) else attrs)[key] = value
    const = (const,) if isinstance(const, str) else tuple(const)
    CASES.append(Case(op, name, tensors, attrs, const, static_only, shape_only, list(expected)))


class Values:
    """Arrays from a seed of their own, so that a new case changes no other."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def floats(self, *shape, low=-2.0, high=2.0, dtype=np.float32):
        """Multiples of 1/64."""
        return (np.round(self.rng.uniform(low, high, shape) * 64) / 64).astype(dtype)

    def ints(self, *shape, low=-9, high=9, dtype=np.int32):
        return self.rng.integers(low, high, shape, endpoint=True).astype(dtype)

    def bools(self, *shape):
        return self.rng.integers(0, 2, shape).astype(bool)

    def of(self, dtype, *shape):
        """Any type: unsigned ones from 0."""
        dtype = np.dtype(dtype)
        if dtype == bool:
            return self.bools(*shape)
        if dtype.kind == "f" or dtype == bfloat16:
            return self.floats(*shape, dtype=dtype)
        return self.ints(*shape, low=0 if dtype.kind == "u" else -9, dtype=dtype)


def i32(*values):
    return np.array(values, np.int32)


def i64(*values):
    return np.array(values, np.int64)


def scalar(value, dtype=np.int32):
    return np.array(value, dtype)


def texts(*values, shape=None):
    array = np.array([v if isinstance(v, bytes) else v.encode() for v in values], object)
    return array if shape is None else array.reshape(shape)

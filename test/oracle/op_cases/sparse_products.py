"""SparseMatMul, which Keras 2 makes of a locally connected layer."""

import numpy as np
from ml_dtypes import bfloat16

from .case import Values, case


def add():
    v = Values(51)
    for ta in (False, True):
        for tb in (False, True):
            for const in ((), ("b",)):
                a = v.floats(*((3, 2) if ta else (2, 3)))
                b = v.floats(*((4, 3) if tb else (3, 4)))
                case("SparseMatMul", f"{ta} {tb} {const}", const=const, a=a, b=b, transpose_a=ta, transpose_b=tb, b_is_sparse=True)
    for left, right in ((bfloat16, bfloat16), (np.float32, bfloat16), (bfloat16, np.float32)):
        case("SparseMatMul", f"{np.dtype(left).name} {np.dtype(right).name}", a=v.floats(2, 3, dtype=left), b=v.floats(3, 4, dtype=right), a_is_sparse=True)

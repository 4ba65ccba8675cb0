"""Tier 3: linear algebra on matrices that are far from singular."""

import numpy as np
import tensorflow as tf

from graph import F32, F64

raw = tf.raw_ops


def square(g, dtype, symmetric=False):
    """Matrices with a strong diagonal, one or a batch of them."""
    n, lead = g.int(0 if g.chance(0.05) else 1, 4), g.int(0, 2)

    def fill(size):
        a = np.asarray(g.random(dtype, size, -1, 1))
        a = (a + np.swapaxes(a, -1, -2)) / 2 if symmetric else a
        return (a + np.eye(n) * (n + g.int(0, 3)) * (1 if symmetric else g.pick(1, -1))).astype(dtype)

    shape = [g.batches[0], *[g.int(1, 2)] * (lead - 1), n, n] if lead else [n, n]
    return g.input(dtype, shape, batched=lead > 0, array=fill)


def solution(g):
    dtype = g.pick(F32, F64)
    op = g.pick("MatrixInverse", "MatrixDeterminant", "LogMatrixDeterminant", "Cholesky", "MatrixSolve", "MatrixTriangularSolve")
    x = square(g, dtype, op == "Cholesky")
    if op == "MatrixInverse":
        adjoint = g.chance(0.4)
        return g.apply(lambda t: raw.MatrixInverse(input=t, adjoint=adjoint), x)
    if op in ("MatrixDeterminant", "LogMatrixDeterminant", "Cholesky"):
        return g.apply(lambda t: getattr(raw, op)(input=t), x)
    width, adjoint, lower = g.int(1, 3), g.chance(0.4), g.chance(0.5)
    shape = [*x.shape[:-1], width]
    y = g.input(dtype, shape, batched=x.rank > 2) if g.chance(0.6) or x.rank > 2 else g.constant(g.random(dtype, shape))
    if op == "MatrixSolve":
        return g.apply(lambda a, b: raw.MatrixSolve(matrix=a, rhs=b, adjoint=adjoint), x, y)
    return g.apply(lambda a, b: raw.MatrixTriangularSolve(matrix=a, rhs=b, lower=lower, adjoint=adjoint), x, y)


STEPS = [(solution, 1)]

/** Operations that give the same node for every rank and shape of their inputs. */
const ELEMENTWISE = new Set(
  (
    'Identity StopGradient PreventGradient CheckNumerics Snapshot Neg Abs Sign Floor Ceil Rint Round Exp Log Sqrt ' +
    'Rsqrt Square Reciprocal Inv Sigmoid Tanh Erf Erfc Expm1 Log1p Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh ' +
    'Atanh IsNan IsInf IsFinite LogicalNot Relu Relu6 LeakyRelu Elu Selu Softplus Softsign Cast ZerosLike OnesLike ' +
    'Invert Add AddV2 Sub Mul Div RealDiv DivNoNan MulNoNan Maximum Minimum SquaredDifference AddN FloorDiv FloorMod ' +
    'TruncateMod Mod Xlogy Xdivy Xlog1py Atan2 Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd ' +
    'LogicalOr SelectV2 BitwiseAnd BitwiseOr BitwiseXor'
  ).split(' '),
);

/** Whether all operations go element by element. */
export function isElementwise(ops: Iterable<string>): boolean {
  for (const op of ops) if (!ELEMENTWISE.has(op)) return false;
  return true;
}

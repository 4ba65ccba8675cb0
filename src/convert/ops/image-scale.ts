import { fromChannelsFirst, makeDataFormat, toChannelsFirst } from '../layout/data-format.js';
import { sizeScalar } from '../layout/size.js';
import type { ConvertContext, Ref } from '../types.js';
import { beside } from './guards.js';

const NHWC = makeDataFormat(4, true);

/** A sampling kernel: how far it reaches, and its weight at a distance (0 or more) in float32. */
interface SamplingKernel {
  readonly radius: number;
  readonly weight: (math: KernelMath, x: Ref) => Ref;
}

/** The few operations that kernels are made of. */
interface KernelMath {
  readonly op: (type: string, ...inputs: readonly (Ref | number)[]) => Ref;
  /** c0 + x · (c1 + x · (c2 + …)). */
  readonly polynomial: (x: Ref, coefficients: readonly number[]) => Ref;
}

/** Piecewise polynomials: the first whose bound exceeds the distance counts, and 0 beyond the last. */
function pieces(
  radius: number,
  ...parts: readonly [bound: number, coefficients: readonly number[]][]
): SamplingKernel {
  return {
    radius,
    weight: (math, x) =>
      parts.reduceRight<Ref | number>(
        (beyond, [bound, coefficients]) =>
          math.op('Where', math.op('Less', x, bound), math.polynomial(x, coefficients), beyond),
        0,
      ) as Ref,
  };
}

function lanczos(radius: number): SamplingKernel {
  return {
    radius,
    weight: ({ op }, x) => {
      const angle = op('Mul', x, Math.PI);
      const waves = op('Mul', op('Sin', angle), op('Sin', op('Div', angle, radius)));
      const value = op('Div', op('Mul', waves, radius), op('Mul', angle, angle));
      const inside = op('Where', op('LessOrEqual', x, 1e-3), 1, value);
      return op('Where', op('Greater', x, radius), 0, inside);
    },
  };
}

const KERNELS: Readonly<Record<string, SamplingKernel>> = {
  lanczos1: lanczos(1),
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
  gaussian: {
    radius: 1.5,
    // A standard deviation of 0.5: exp(−x² / (2 · 0.5²)).
    weight: ({ op }, x) => op('Where', op('Less', x, 1.5), op('Exp', op('Mul', op('Mul', x, x), -2)), 0),
  },
  box: {
    radius: 1,
    weight: ({ op }, x) => op('Where', op('Less', x, 0.5), 1, op('Where', op('Equal', x, 0.5), 0.5, 0)),
  },
  triangle: pieces(1, [1, [1, -1]]),
  keyscubic: pieces(2, [1, [1, 0, -2.5, 1.5]], [2, [2, -4, 2.5, -0.5]]),
  mitchellcubic: pieces(2, [1, [8 / 9, 0, -2, 7 / 6]], [2, [16 / 9, -10 / 3, 2, -7 / 18]]),
};

function kernelMath({ onnx }: ConvertContext): KernelMath {
  const of = (value: Ref | number): Ref =>
    typeof value === 'number' ? onnx.scalar('float32', value) : value;
  const op = (type: string, ...inputs: readonly (Ref | number)[]): Ref => onnx.op(type, inputs.map(of));
  const polynomial = (x: Ref, coefficients: readonly number[]): Ref =>
    coefficients.reduceRight<Ref | number>((sum, coefficient) => {
      const product = sum === 0 ? 0 : op('Mul', sum, x);
      return product === 0 ? coefficient : op('Add', product, coefficient);
    }, 0) as Ref;
  return { op, polynomial };
}

/** rows · image · columnsᵀ, with the weights of a sampling kernel computed in the graph. */
export function emitScaleAndTranslate(context: ConvertContext): Ref {
  const { onnx, attrs } = context;
  const name = attrs.string('kernel_type', 'lanczos3');
  const kernel = KERNELS[name];
  if (kernel === undefined) throw context.refuse('TFD_ATTR_UNREAD', `kernel_type "${name}" is not handled`);
  const antialias = attrs.bool('antialias', true);
  const image = onnx.cast(context.ref(0), context.value(0).dtype, 'float32');
  const x = toChannelsFirst(context, image, NHWC);
  const rows = spanMatrix(context, kernel, antialias, 0);
  const columns = onnx.op('Transpose', [spanMatrix(context, kernel, antialias, 1)], { perm: [1, 0] });
  return fromChannelsFirst(
    context,
    onnx.op('MatMul', [beside(context, rows), onnx.op('MatMul', [x, columns])]),
    NHWC,
  );
}

/** The share of each input pixel (a column) in each output pixel (a row). */
function spanMatrix(context: ConvertContext, kernel: SamplingKernel, antialias: boolean, axis: 0 | 1): Ref {
  const { onnx } = context;
  const math = kernelMath(context);
  const { op } = math;
  const pick = (index: number): Ref =>
    onnx.op('Gather', [context.ref(index), onnx.i64Scalar(axis)], { axis: 0 });
  const size = onnx.cast(pick(1), context.value(1).dtype, 'int64');
  const input = sizeScalar(context, context.ref(0), context.value(0).shape, axis + 1);
  const centers = (count: Ref): Ref => {
    const steps = onnx.op('Range', [onnx.i64Scalar(0), count, onnx.i64Scalar(1)]);
    return op('Add', onnx.cast(steps, 'int64', 'float32'), 0.5);
  };
  const inverse = op('Div', 1, pick(2));
  const shift = op('Mul', op('Neg', inverse), pick(3));
  const sample = onnx.op('Unsqueeze', [op('Add', op('Mul', centers(size), inverse), shift), onnx.i64([1])]);
  const stretch = antialias ? op('Max', inverse, 1) : onnx.scalar('float32', 1);
  const distance = op('Abs', op('Mul', op('Sub', centers(input), sample), op('Div', 1, stretch)));
  const weights = kernel.weight(math, distance);
  const sum = onnx.op('ReduceSum', [weights, onnx.i64([1])], { keepdims: 1 });
  // A position outside of the image, and one that no weight falls on, is 0.
  const end = onnx.cast(input, 'int64', 'float32');
  const isOutside = onnx.op('Or', [op('Less', sample, 0), op('Greater', sample, end)]);
  const isEmpty = onnx.op('Or', [isOutside, op('Less', op('Abs', sum), 1.1754943508222875e-35)]);
  return op('Where', isEmpty, 0, op('Div', weights, op('Where', isEmpty, 1, sum)));
}

import type { NumericDType } from '../../src/base/dtype.js';
import { TfdeployError } from '../../src/base/error.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import type { Servable } from '../../src/repository/types.js';
import { constant, identity, type MemorySignature, memoryServable } from '../http/memory-directory.js';
import { SEEING } from './seen-examples.js';

/** The `E:` models as functions: what a server does with tensors, apart from any engine. */
export function memoryModels(): Servable[] {
  const one = (dtype: NumericDType | 'string', output = 'default'): MemorySignature => ({
    ...identity(dtype, output),
    inputs: { default: dtype },
    run: (inputs) => new Map([[output, inputs.get('default')!]]),
  });
  const echo = (tensors: Readonly<Record<string, NumericDType | 'string'>>): MemorySignature => ({
    inputs: tensors,
    outputs: tensors,
    run: (inputs) => inputs,
  });
  const float = (shape: number[], ...values: number[]): Tensor => numericTensor('float32', shape, values);
  const examples = (outputs: Readonly<Record<string, Tensor>>): MemorySignature => ({
    ...constant(outputs),
    inputs: { inputs: 'string' },
  });
  const labels: Tensor = {
    dtype: 'string',
    shape: [2, 3],
    data: ['car', 'bike', 'bus', 'car', 'bike', 'bus'].map((text) => Buffer.from(text)),
  };
  const models: Record<string, Record<string, MemorySignature>> = {
    int32: { serving_default: one('int32'), predict_images: one('int32') },
    float: { serving_default: one('float32') },
    double: { serving_default: one('float64') },
    string: { serving_default: one('string') },
    bytes: { serving_default: one('string', 'str_tensor_bytes') },
    named: {
      serving_default: echo({
        int_tensor: 'int32',
        str_tensor: 'string',
        float_tensor: 'float32',
        dbl_tensor: 'float64',
      }),
    },
    columns: { serving_default: echo({ int_tensor: 'int32', str_tensor: 'string', bin_tensor: 'string' }) },
    two: { serving_default: echo({ int_tensor: 'int32', str_tensor: 'string' }) },
    five: {
      serving_default: echo({
        int_tensor: 'int32',
        float_tensor: 'float32',
        double_scalar_tensor: 'float64',
        str_tensor: 'string',
        bool_tensor: 'bool',
      }),
    },
    complex64: { serving_default: constant({ y: numericTensor('complex64', [1], [1, 2]) }) },
    scalar: { serving_default: constant({ y: float([], 1) }) },
    uneven: { serving_default: constant({ a: float([2], 1, 2), b: float([1], 1) }) },
    'uneven-zero': { serving_default: constant({ a: float([0]), b: float([1], 1) }) },
    classes: {
      serving_default: examples({ classes: labels, scores: float([2, 3], 0.2, 0.7, 0.1, 0.2, 0.7, 0.1) }),
    },
    values: {
      serving_default: examples({
        outputs: float([5], 0.2, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, Number.NaN),
      }),
    },
    fault: {
      serving_default: {
        ...constant({}),
        run: () => {
          throw new TfdeployError('TFD_INPUT_INVALID', 'Bad key: "key"');
        },
      },
    },
    ...SEEING,
    empty: { serving_default: constant({ a: float([0]), b: float([0, 2]) }) },
  };
  return Object.entries(models).map(([name, signatures]) => memoryServable(`E:${name}`, 1n, signatures));
}

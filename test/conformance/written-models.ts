import type { DType } from '../../src/base/dtype.js';
import {
  attr,
  constant,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
  type SignatureSpec,
} from '../fixtures/saved-model-writer.js';

/** Tensor names of a signature as `node:0`, of a shape that nobody checks. */
function tensors(types: Readonly<Record<string, DType>>, suffix: string) {
  return Object.fromEntries(
    Object.entries(types).map(([name, dtype]) => [
      name,
      { tensor: `${name}${suffix}:0`, dtype, shape: null },
    ]),
  );
}

/** Placeholder → Identity for each name. */
function echo(types: Readonly<Record<string, DType>>): SavedModelSpec {
  const nodes: NodeSpec[] = Object.entries(types).flatMap(([name, dtype]) => [
    placeholder(name, dtype, null),
    node(`${name}_out`, 'Identity', [name], { T: attr.type(dtype) }),
  ]);
  return {
    nodes,
    signatures: { serving_default: { inputs: tensors(types, ''), outputs: tensors(types, '_out') } },
  };
}

/** One input `default` that comes back under a name. */
export function echoOne(dtype: DType, output = 'default', names = ['serving_default']): SavedModelSpec {
  const signature: SignatureSpec = {
    inputs: tensors({ default: dtype }, ''),
    outputs: { [output]: { tensor: 'default_out:0', dtype, shape: null } },
  };
  return {
    ...echo({ default: dtype }),
    signatures: Object.fromEntries(names.map((name) => [name, signature])),
  };
}

/** An input that means nothing, and constant outputs. */
function constants(
  outputs: Readonly<
    Record<string, readonly [dtype: DType, shape: readonly number[], values: readonly number[]]>
  >,
): SavedModelSpec {
  const rows = Object.entries(outputs);
  return {
    nodes: [
      placeholder('x', 'float32', null),
      ...rows.map(([name, [dtype, shape, values]]) => constant(`${name}_value`, dtype, shape, values)),
      ...rows.map(([name, [dtype]]) =>
        node(`${name}_out`, 'Identity', [`${name}_value`], { T: attr.type(dtype) }),
      ),
    ],
    signatures: {
      serving_default: {
        inputs: tensors({ x: 'float32' }, ''),
        outputs: Object.fromEntries(
          rows.map(([name, [dtype, shape]]) => [name, { tensor: `${name}_out:0`, dtype, shape }]),
        ),
      },
    },
  };
}

/** The `E:` models of the table as SavedModels, by the name behind the colon. */
export const WRITTEN_MODELS: Readonly<Record<string, SavedModelSpec>> = {
  int32: echoOne('int32', 'default', ['serving_default', 'predict_images']),
  float: echoOne('float32'),
  double: echoOne('float64'),
  string: echoOne('string'),
  bytes: echoOne('string', 'str_tensor_bytes'),
  named: echo({ int_tensor: 'int32', str_tensor: 'string', float_tensor: 'float32', dbl_tensor: 'float64' }),
  columns: echo({ int_tensor: 'int32', str_tensor: 'string', bin_tensor: 'string' }),
  two: echo({ int_tensor: 'int32', str_tensor: 'string' }),
  five: echo({
    int_tensor: 'int32',
    float_tensor: 'float32',
    double_scalar_tensor: 'float64',
    str_tensor: 'string',
    bool_tensor: 'bool',
  }),
  complex64: constants({ y: ['complex64', [1], [1, 2]] }),
  scalar: constants({ y: ['float32', [], [1]] }),
  uneven: constants({ a: ['float32', [2], [1, 2]], b: ['float32', [1], [1]] }),
  'uneven-zero': constants({ a: ['float32', [0], []], b: ['float32', [1], [1]] }),
  empty: constants({ a: ['float32', [0], []], b: ['float32', [0, 2], []] }),
};

import { describe, expect, it } from 'vitest';
import { compareTensors } from '../../src/base/compare.js';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import { compileSignature } from '../../src/convert/compile-signature.js';
import { isRefused } from '../../src/convert/compiled.js';
import { buildGraph } from '../../src/graph/build.js';
import { interpret } from '../../src/graph/interpret.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import {
  attr,
  constant,
  memoryModel,
  type NodeSpec,
  node,
  placeholder,
} from '../fixtures/saved-model-writer.js';
import { loadCompiled } from './run-compiled.js';

const T = { T: attr.type('float32') };
const scalar = (name: string, value: number) => constant(name, 'float32', [], [value]);
const mean = (name: string, input: string) =>
  node(name, 'Mean', [input, 'axis'], { ...T, Tidx: attr.type('int32'), keep_dims: attr.bool(true) });
const axis = constant('axis', 'int32', [1], [-1]);
const gamma = constant('gamma', 'float32', [4], [1, 2, 0.5, -1]);
const beta = constant('beta', 'float32', [4], [0.1, 0, -0.2, 3]);

const moments = [
  axis,
  mean('mean', 'x'),
  node('apart', 'SquaredDifference', ['x', 'mean'], T),
  mean('variance', 'apart'),
  scalar('epsilon', 1e-3),
  node('sum', 'AddV2', ['variance', 'epsilon'], T),
];

interface Form {
  readonly title: string;
  /** Nodes after `x` of shape [?, 3, 4]; the last one is the output. */
  readonly nodes: readonly NodeSpec[];
  readonly ops: readonly string[];
}

const product = (name: string, a: string, b: string) => node(name, 'Mul', [a, b], T);

const FORMS: readonly Form[] = [
  {
    title: 'layer normalisation of tf.nn.batch_normalization',
    nodes: [
      ...moments,
      gamma,
      beta,
      node('root', 'Rsqrt', ['sum'], T),
      product('inverse', 'root', 'gamma'),
      product('scaled', 'x', 'inverse'),
      product('shift', 'mean', 'inverse'),
      node('offset', 'Sub', ['beta', 'shift'], T),
      node('y', 'AddV2', ['scaled', 'offset'], T),
    ],
    ops: ['LayerNormalization'],
  },
  {
    title: 'layer normalisation of Keras 3',
    nodes: [
      ...moments,
      gamma,
      beta,
      node('root', 'Rsqrt', ['sum'], T),
      product('inverse', 'gamma', 'root'),
      product('scaled', 'x', 'inverse'),
      node('minus', 'Neg', ['mean'], T),
      product('shift', 'minus', 'inverse'),
      node('offset', 'AddV2', ['shift', 'beta'], T),
      node('y', 'AddV2', ['offset', 'scaled'], T),
    ],
    ops: ['LayerNormalization'],
  },
  {
    title: 'layer normalisation by division, scale and offset behind it',
    nodes: [
      axis,
      mean('mean', 'x'),
      node('centered', 'Sub', ['x', 'mean'], T),
      node('square', 'Square', ['centered'], T),
      mean('variance', 'square'),
      scalar('epsilon', 1e-5),
      node('sum', 'AddV2', ['variance', 'epsilon'], T),
      node('deviation', 'Sqrt', ['sum'], T),
      node('normal', 'RealDiv', ['centered', 'deviation'], T),
      gamma,
      beta,
      product('scaled', 'normal', 'gamma'),
      node('y', 'AddV2', ['scaled', 'beta'], T),
    ],
    ops: ['LayerNormalization'],
  },
  {
    title: 'no layer normalisation where the variance is of something else',
    nodes: [
      ...moments.slice(0, 2),
      node('other', 'Abs', ['x'], T),
      node('apart', 'SquaredDifference', ['other', 'mean'], T),
      ...moments.slice(3),
      node('root', 'Rsqrt', ['sum'], T),
      node('centered', 'Sub', ['x', 'mean'], T),
      product('y', 'centered', 'root'),
    ],
    ops: ['ReduceMean', 'Abs', 'Sub', 'Mul', 'ReduceMean', 'Add', 'Sqrt', 'Reciprocal', 'Sub', 'Mul'],
  },
  {
    title: 'GELU by erfc',
    nodes: [
      scalar('half', 0.5),
      scalar('root', Math.SQRT1_2),
      product('halved', 'half', 'x'),
      node('minus', 'Neg', ['x'], T),
      product('argument', 'minus', 'root'),
      node('gate', 'Erfc', ['argument'], T),
      product('y', 'halved', 'gate'),
    ],
    ops: ['Gelu'],
  },
  {
    title: 'GELU by erf, x outside',
    nodes: [
      scalar('half', 0.5),
      scalar('one', 1),
      scalar('root', Math.SQRT2),
      node('argument', 'RealDiv', ['x', 'root'], T),
      node('erf', 'Erf', ['argument'], T),
      node('gate', 'AddV2', ['one', 'erf'], T),
      product('cdf', 'half', 'gate'),
      product('y', 'x', 'cdf'),
    ],
    ops: ['Gelu'],
  },
  {
    title: 'GELU of a product',
    nodes: [
      scalar('two', 2),
      node('sine', 'Sin', ['x'], T),
      product('inner', 'sine', 'x'),
      scalar('half', 0.5),
      scalar('one', 1),
      scalar('root', Math.SQRT1_2),
      product('argument', 'inner', 'root'),
      node('erf', 'Erf', ['argument'], T),
      node('gate', 'AddV2', ['erf', 'one'], T),
      product('halved', 'half', 'inner'),
      product('y', 'halved', 'gate'),
    ],
    ops: ['Sin', 'Mul', 'Gelu'],
  },
  {
    title: 'GELU by tanh',
    nodes: [
      scalar('half', 0.5),
      scalar('one', 1),
      scalar('three', 3),
      scalar('cubic', 0.044715),
      scalar('scale', Math.sqrt(2 / Math.PI)),
      node('cube', 'Pow', ['x', 'three'], T),
      product('part', 'cubic', 'cube'),
      node('sum', 'AddV2', ['x', 'part'], T),
      product('argument', 'scale', 'sum'),
      node('tanh', 'Tanh', ['argument'], T),
      node('gate', 'AddV2', ['one', 'tanh'], T),
      product('halved', 'half', 'x'),
      product('y', 'halved', 'gate'),
    ],
    ops: ['Gelu'],
  },
  {
    title: 'no GELU with another number',
    nodes: [
      scalar('half', 0.51),
      scalar('one', 1),
      scalar('root', Math.SQRT1_2),
      product('argument', 'x', 'root'),
      node('erf', 'Erf', ['argument'], T),
      node('gate', 'AddV2', ['erf', 'one'], T),
      product('halved', 'half', 'x'),
      product('y', 'halved', 'gate'),
    ],
    ops: ['Mul', 'Erf', 'Add', 'Mul', 'Mul'],
  },
  {
    title: 'hard swish',
    nodes: [
      scalar('three', 3),
      scalar('sixth', 1 / 6),
      node('sum', 'AddV2', ['x', 'three'], T),
      node('gate', 'Relu6', ['sum'], T),
      product('sigmoid', 'gate', 'sixth'),
      product('y', 'x', 'sigmoid'),
    ],
    ops: ['HardSwish'],
  },
  {
    title: 'hard swish divided at the end',
    nodes: [
      scalar('three', 3),
      scalar('six', 6),
      node('sum', 'AddV2', ['three', 'x'], T),
      node('gate', 'Relu6', ['sum'], T),
      product('gated', 'gate', 'x'),
      node('y', 'RealDiv', ['gated', 'six'], T),
    ],
    ops: ['HardSwish'],
  },
  {
    title: 'hard sigmoid',
    nodes: [
      scalar('three', 3),
      scalar('six', 6),
      node('sum', 'AddV2', ['x', 'three'], T),
      node('gate', 'Relu6', ['sum'], T),
      node('y', 'RealDiv', ['gate', 'six'], T),
    ],
    ops: ['HardSigmoid'],
  },
  {
    title: 'Dense on three axes',
    nodes: [
      constant('flat', 'int32', [2], [-1, 4]),
      node('matrix', 'Reshape', ['x', 'flat'], { ...T, Tshape: attr.type('int32') }),
      constant('weights', 'float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
      node('product', 'MatMul', ['matrix', 'weights'], T),
      constant('back', 'int32', [3], [-1, 3, 2]),
      node('y', 'Reshape', ['product', 'back'], { ...T, Tshape: attr.type('int32') }),
    ],
    ops: ['MatMul'],
  },
  {
    title: 'a probability that is the answer, halved',
    nodes: [
      scalar('low', -14),
      node('far', 'AddV2', ['x', 'low'], T),
      node('p', 'Sigmoid', ['far'], T),
      scalar('half', 0.5),
      node('y', 'Mul', ['p', 'half'], T),
    ],
    ops: ['Add', 'Neg', 'Exp', 'Add', 'Div', 'Mul'],
  },
  {
    title: 'a gate inside stays a sigmoid',
    nodes: [node('p', 'Sigmoid', ['x'], T), product('gated', 'x', 'p'), node('y', 'Softplus', ['gated'], T)],
    ops: ['Sigmoid', 'Mul', 'Softplus'],
  },
];

function build(nodes: readonly NodeSpec[]) {
  const border = (tensor: string) => ({ tensor, dtype: 'float32' as const, shape: [-1, 3, 4] });
  const files = memoryModel({
    nodes: [placeholder('x', 'float32', [-1, 3, 4]), ...nodes],
    signatures: { serving_default: { inputs: { x: border('x:0') }, outputs: { y: border('y:0') } } },
  });
  const model = openSavedModel(files, 'model');
  return buildGraph(model, model.metaGraphs[0]!, 'serving_default');
}

/** Two rows of values around zero. */
const input = numericTensor(
  'float32',
  [2, 3, 4],
  Array.from({ length: 24 }, (_, at) => Math.sin(at * 1.7) * 4 + (at % 5) / 4),
);

describe('rewrites of the graph', () => {
  for (const { title, nodes, ops } of FORMS) {
    it(title, async () => {
      const expected = interpret(build(nodes), new Map([['x', input as Tensor]])).get('y') as Tensor;
      const compiled = compileSignature(build(nodes), { methodName: '' });
      if (isRefused(compiled)) throw new Error(compiled.blockers[0]?.why);
      const made = compiled.stages.flatMap((stage) => (stage.kind === 'onnx' ? stage.body.nodes : []));
      expect(made.map(({ op }) => op).sort()).toEqual([...ops].sort());
      const loaded = await loadCompiled(compiled);
      const actual = (await loaded.run(new Map([['x', input]]))).get('y') as Tensor;
      await loaded.close();
      expect(compareTensors(actual, expected).why).toBeUndefined();
      expect(compiled.isBatchable).toBe(true);
    });
  }
});

import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src/base/tensor.js';
import { interpret } from '../../src/graph/interpret.js';
import { refusalOf } from '../fixtures/refusal.js';
import {
  attr,
  constant,
  type FunctionSpec,
  node,
  placeholder,
  type SavedModelSpec,
} from '../fixtures/saved-model-writer.js';
import { floats, graphOf, ints, ops, run, small, T, tensor } from './models.js';

const I = { T: attr.type('int32') };
const bool = (value: boolean): Tensor => ({ dtype: 'bool', shape: [], data: Uint8Array.of(value ? 1 : 0) });

/** value → op(value, value) as a function. */
function unaryFunction(name: string, op: string): FunctionSpec {
  const isBinary = op === 'AddV2' || op === 'Mul';
  return {
    name,
    inputs: { value: 'float32' },
    outputs: { result: 'float32' },
    nodes: [node('use', op, isBinary ? ['value', 'value'] : ['value'], T)],
    ret: { result: isBinary ? 'use:z:0' : 'use:y:0' },
  };
}

const choice = (condition: string, op = 'StatelessIf') =>
  node('y', op, [condition, 'x'], {
    Tcond: attr.type('bool'),
    Tin: attr.types(['float32']),
    Tout: attr.types(['float32']),
    then_branch: attr.func('double'),
    else_branch: attr.func('negate'),
  });
const functions = [unaryFunction('double', 'AddV2'), unaryFunction('negate', 'Neg')];

describe('branches', () => {
  it('are bodies of their node', () => {
    const spec = small([placeholder('flag', 'bool', []), choice('flag', 'If')], { functions });
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0', [-1, 3]), flag: tensor('flag:0', [], 'bool') },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    expect([...graph.nodes[0]!.bodies].map(([key, body]) => [key, ops(body.nodes)])).toEqual([
      ['then_branch', ['AddV2']],
      ['else_branch', ['Neg']],
    ]);
    expect(graph.outputs[0]!.value.shape).toEqual(['x_0', 3]);
    expect(run(graph, { x: floats([2], [1, 1]), flag: bool(true) })).toEqual({ y: [4] });
    expect(run(graph, { x: floats([2], [1, 1]), flag: bool(false) })).toEqual({ y: [-2] });
  });

  it('of a constant condition take the place of the node', () => {
    const on = small([constant('flag', 'bool', [], [true]), choice('flag')], { functions });
    expect(ops(graphOf(on).nodes)).toEqual(['AddV2']);
    const off = small([constant('flag', 'bool', [], [false]), choice('flag')], { functions });
    expect(run(graphOf(off), { x: floats([3]) })).toEqual({ y: [-3] });
  });

  it('of a device are those of the CPU', () => {
    const index = node('index', 'DeviceIndex', [], { device_names: attr.strings(['GPU', 'CPU']) });
    const cases = node('y', 'Case', ['index', 'x'], {
      Tin: attr.types(['float32']),
      Tout: attr.types(['float32']),
      branches: attr.funcs(['double', 'negate']),
    });
    expect(ops(graphOf(small([index, cases], { functions })).nodes)).toEqual(['Neg']);
  });

  it('of a Case are chosen by number, the last by any other', () => {
    const cases = node('y', 'StatelessCase', ['which', 'x'], {
      Tin: attr.types(['float32']),
      Tout: attr.types(['float32']),
      branches: attr.funcs(['double', 'negate']),
    });
    const spec = small([placeholder('which', 'int32', []), cases], { functions });
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0'), which: tensor('which:0', [], 'int32') },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    const answers = [0, 1, -1, 7].map((which) => run(graph, { x: floats([2]), which: ints([which], []) }).y);
    expect(answers).toEqual([[4], [-2], [-2], [-2]]);
  });
});

/** x grows by one row per turn until `n` turns are done; `scale` only rides along. */
function loopModel(
  bodyNodes: FunctionSpec['nodes'],
  result: string,
  shape: readonly number[],
): SavedModelSpec {
  const inputs = { i: 'int32', n: 'int32', value: 'float32', scale: 'float32' } as const;
  const types = ['int32', 'int32', 'float32', 'float32'] as const;
  return {
    nodes: [
      placeholder('x', 'float32', shape),
      placeholder('n', 'int32', []),
      constant('zero', 'int32', [], [0]),
      constant('scale', 'float32', [], [3]),
      node('loop', 'StatelessWhile', ['zero', 'n', 'x', 'scale'], {
        T: attr.types(types),
        cond: attr.func('goes_on'),
        body: attr.func('turn'),
      }),
      node('y', 'Mul', ['loop:2', 'loop:3'], T),
    ],
    functions: [
      {
        name: 'goes_on',
        inputs,
        outputs: { result: 'bool' },
        nodes: [node('less', 'Less', ['i', 'n'], I)],
        ret: { result: 'less:z:0' },
      },
      {
        name: 'turn',
        inputs,
        outputs: { o0: 'int32', o1: 'int32', o2: 'float32', o3: 'float32' },
        nodes: [
          constant('one', 'int32', [], [1]),
          node('next', 'AddV2', ['i', 'one:output:0'], I),
          node('same', 'Identity', ['scale'], T),
          ...bodyNodes,
        ],
        ret: { o0: 'next:z:0', o1: 'n', o2: result, o3: 'same:output:0' },
      },
    ],
    signatures: {
      serving_default: {
        inputs: { x: tensor('x:0', shape), n: tensor('n:0', [], 'int32') },
        outputs: { y: tensor('y:0') },
      },
    },
  };
}

describe('loops', () => {
  const grow = [
    constant('axis', 'int32', [], [0]),
    node('joined', 'ConcatV2', ['value', 'value', 'axis:output:0'], {
      ...T,
      N: attr.int(2),
      Tidx: attr.type('int32'),
    }),
  ];

  it('carry only what changes; the rest is taken from outside', () => {
    const graph = graphOf(loopModel([node('added', 'AddV2', ['value', 'scale'], T)], 'added:z:0', [-1]));
    const loop = graph.nodes[0]!;
    expect(loop.inputs.length).toBe(2);
    expect(loop.outputs.map(({ dtype }) => dtype)).toEqual(['int32', 'float32']);
    expect(graph.nodes[1]!.inputs[1]!.constant).toBeDefined();
    expect(run(graph, { x: floats([1, 2]), n: ints([2], []) })).toEqual({ y: [21, 24] });
    expect(run(graph, { x: floats([1]), n: ints([0], []) })).toEqual({ y: [3] });
  });

  it('keep the shapes of variables that keep theirs', () => {
    const graph = graphOf(loopModel([node('added', 'AddV2', ['value', 'scale'], T)], 'added:z:0', [-1, 4]));
    expect(graph.outputs[0]!.value.shape).toEqual(['x_0', 4]);
  });

  it('forget a size that changes from turn to turn, and only that', () => {
    const graph = graphOf(loopModel(grow, 'joined:output:0', [2, 4]));
    const [rows, columns] = graph.outputs[0]!.value.shape!;
    expect(columns).toBe(4);
    expect(rows).toEqual(expect.any(String));
    const inside = graph.nodes[0]!.bodies.get('body')!.inputs[1]!.shape![0];
    expect(inside).toEqual(expect.any(String));
    expect(inside).not.toBe(rows);
    expect(run(graph, { x: floats([1], [1, 1]), n: ints([3], []) }).y).toHaveLength(8);
  });

  it('that do not end are stopped', () => {
    const graph = graphOf(loopModel([node('added', 'AddV2', ['value', 'scale'], T)], 'added:z:0', [-1]));
    const inputs = new Map([
      ['x', floats([1])],
      ['n', ints([1000], [])],
    ]);
    expect(refusalOf(() => interpret(graph, inputs, { maxTurns: 100 }))).toMatch(
      /^TFD_MODEL_LIMIT: .*"loop"/,
    );
  });
});

describe('TensorFlow 1 conditionals', () => {
  const nodes = [
    node('switch', 'Switch', ['x', 'flag'], T),
    node('on', 'AddV2', ['switch:1', 'switch:1'], T),
    node('off', 'Neg', ['switch'], T),
    node('merge', 'Merge', ['off', 'on'], { ...T, N: attr.int(2) }),
    node('y', 'Relu', ['merge'], T),
  ];

  it.each([
    [true, ['AddV2', 'Relu'], [4, 0]],
    [false, ['Neg', 'Relu'], [0, 3]],
  ] as const)('with a constant predicate %s are cut', (flag, left, answer) => {
    const phase = [constant('no', 'bool', [], [!flag]), node('flag', 'LogicalNot', ['no'])];
    const graph = graphOf(small([...phase, ...nodes]));
    expect(ops(graph.nodes)).toEqual(left);
    expect(run(graph, { x: floats([2, -3]) })).toEqual({ y: answer });
  });

  it('become branches where the predicate is not known', () => {
    const spec = small([placeholder('flag', 'bool', []), ...nodes]);
    const graph = graphOf({
      ...spec,
      signatures: {
        serving_default: {
          inputs: { x: tensor('x:0'), flag: tensor('flag:0', [], 'bool') },
          outputs: { y: tensor('y:0') },
        },
      },
    });
    expect(ops(graph.nodes)).toEqual(['If', 'Relu']);
    const answer = (flag: boolean) => run(graph, { x: floats([2, -3]), flag: bool(flag) });
    expect([answer(true), answer(false)]).toEqual([{ y: [4, 0] }, { y: [0, 3] }]);
  });
});

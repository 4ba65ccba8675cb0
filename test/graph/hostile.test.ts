import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDims,
  canBeNegative,
  divideExactly,
  floorDivideDim,
  multiplyDims,
  subtractDims,
} from '../../src/graph/dims.js';
import { refusalOf } from '../fixtures/refusal.js';
import { attr, constant, type FunctionSpec, type NodeSpec, node } from '../fixtures/saved-model-writer.js';
import { valueOfDim } from './dim-values.js';
import { call, floats, graphOf, run, small, T } from './models.js';

const functionOf = (name: string, nodes: readonly NodeSpec[], result: string): FunctionSpec => ({
  name,
  inputs: { value: 'float32' },
  outputs: { result: 'float32' },
  nodes,
  ret: { result },
});

describe('graphs that contradict themselves are refused', () => {
  it.each<[string, NodeSpec[], RegExp]>([
    ['a missing node', [node('y', 'Neg', ['gone'], T)], /TFD_GRAPH_INVALID: "gone" refers to node "gone"/],
    [
      'a missing output',
      [node('a', 'Neg', ['x'], T), node('y', 'Neg', ['a:3'], T)],
      /TFD_GRAPH_INVALID: .*has no output 3/,
    ],
    [
      'a node without its input',
      [node('y', 'Neg', ['^x'], T)],
      /TFD_GRAPH_INVALID: .*takes 1 input, but has 0/,
    ],
    [
      'a node with an input of another type',
      [constant('i', 'int32', [], [1]), node('y', 'AddV2', ['x', 'i'], T)],
      /TFD_GRAPH_INVALID: .*input 1 is int32, not float32/,
    ],
    [
      'a cycle',
      [node('a', 'AddV2', ['x', 'b'], T), node('b', 'Neg', ['a'], T), node('y', 'Neg', ['b'], T)],
      /TFD_GRAPH_INVALID: .*depends on itself/,
    ],
    [
      'a cycle of aliases',
      [node('y', 'Identity', ['b'], T), node('b', 'Identity', ['y'], T)],
      /TFD_GRAPH_INVALID: .*cycle/,
    ],
    [
      'a loop of frames',
      [node('y', 'Merge', ['x', 'next'], { ...T, N: attr.int(2) }), node('next', 'NextIteration', ['y'], T)],
      /TFD_OP_UNSUPPORTED: .*frames/,
    ],
    [
      'a placeholder that is not fed',
      [node('p', 'Placeholder', [], { dtype: attr.type('float32') }), node('y', 'AddV2', ['x', 'p'], T)],
      /needs a value/,
    ],
    ['a missing function', [call('y', 'gone', ['x'])], /TFD_GRAPH_INVALID: .*"gone"/],
    [
      'a constant of another type',
      [node('y', 'Const', [], { dtype: attr.type('int32'), value: attr.tensor('float32', [], [1]) })],
      /is int32, but its value is float32/,
    ],
    [
      'a placeholder attribute without a value',
      [node('y', 'Neg', ['x'], { T: attr.placeholder('T') })],
      /TFD_GRAPH_INVALID: .*"\$T"/,
    ],
  ])('%s', (_, nodes, message) => {
    expect(refusalOf(() => run(graphOf(small(nodes)), { x: floats([1]) }))).toMatch(message);
  });

  it('functions that call themselves', () => {
    const self = functionOf('self', [call('again', 'self', ['value'])], 'again:output:0');
    expect(refusalOf(() => graphOf(small([call('y', 'self', ['x'])], { functions: [self] })))).toMatch(
      /^TFD_MODEL_LIMIT/,
    );
  });

  it('functions that double at every level', () => {
    const levels = Array.from({ length: 40 }, (_, i) => {
      const next = i === 39 ? 'leaf' : `f${i + 1}`;
      const nodes = [call('a', next, ['value']), call('b', next, ['a:output:0'])];
      return functionOf(`f${i}`, nodes, 'b:output:0');
    });
    const leaf = functionOf('leaf', [node('neg', 'Neg', ['value'], T)], 'neg:y:0');
    expect(
      refusalOf(() => graphOf(small([call('y', 'f0', ['x'])], { functions: [...levels, leaf] }))),
    ).toMatch(/^TFD_MODEL_LIMIT/);
  }, 60_000);

  it('a function without the result it names, or with other arguments', () => {
    const odd = functionOf('odd', [], 'gone:z:0');
    expect(refusalOf(() => graphOf(small([call('y', 'odd', ['x'])], { functions: [odd] })))).toMatch(
      /"gone"/,
    );
    const fine = functionOf('fine', [node('neg', 'Neg', ['value'], T)], 'neg:y:0');
    const spec = small([call('y', 'fine', ['x', 'x'])], { functions: [fine] });
    expect(refusalOf(() => graphOf(spec))).toMatch(/gives 2 arguments to "fine", which takes 1/);
  });

  it('names the way through calls', () => {
    const inner = functionOf(
      'inner',
      [node('bad', 'Const', [], { dtype: attr.type('float32') })],
      'bad:output:0',
    );
    const outer = functionOf('outer', [call('deep', 'inner', ['value'])], 'deep:output:0');
    const spec = small([call('y', 'outer', ['x'])], { functions: [inner, outer] });
    expect(refusalOf(() => graphOf(spec))).toMatch(/node "bad" \(Const\).* in function|lacks the attribute/);
  });
});

describe('large graphs', () => {
  it('of 50 000 nodes in a chain are built without running out of stack', () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) =>
      node(`n${i}`, i % 3 === 0 ? 'Identity' : 'Neg', [i === 0 ? 'x' : `n${i - 1}`], T),
    );
    const graph = graphOf(small([...nodes, node('y', 'Neg', ['n49999'], T)]));
    expect(graph.nodes.length).toBe(33_334);
    expect(run(graph, { x: floats([1]) })).toEqual({ y: [1] });
  });

  it('of constants in a chain are folded without running out of stack', () => {
    const nodes = Array.from({ length: 3000 }, (_, i) =>
      node(`n${i}`, 'Neg', [i === 0 ? 'c' : `n${i - 1}`], T),
    );
    const start = constant('c', 'float32', [20_000], [1]);
    const graph = graphOf(small([start, ...nodes, node('y', 'Mul', ['x', 'n2999'], T)]));
    expect(run(graph, { x: floats([3]) }).y?.[0]).toBe(3);
  });
});

describe('symbolic dimensions', () => {
  const dim = fc.letrec((tie) => ({
    dim: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      fc.integer({ min: -4, max: 6 }),
      fc.constantFrom('a', 'b', 'c'),
      tie('sum'),
      tie('product'),
      tie('quotient'),
    ),
    sum: fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => addDims(a as string, b as string) ?? 'a'),
    product: fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => multiplyDims(a as string, b as string) ?? 'b'),
    quotient: fc
      .tuple(tie('dim'), fc.integer({ min: 1, max: 4 }))
      .map(([a, b]) => floorDivideDim(a as string, b) ?? 'c'),
  })).dim as fc.Arbitrary<string | number>;
  const sizes = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).map(
    ([a, b, c]) =>
      new Map([
        ['a', a],
        ['b', b],
        ['c', c],
      ]),
  );

  it('stand for the numbers that their operations give', () => {
    fc.assert(
      fc.property(dim, dim, sizes, (x, y, known) => {
        const [a, b] = [valueOfDim(x, known)!, valueOfDim(y, known)!];
        const check = (result: string | number | undefined, real: number) => {
          if (result !== undefined) expect(valueOfDim(result, known)! + 0).toBe(real + 0);
        };
        check(addDims(x, y), a + b);
        check(subtractDims(x, y), a - b);
        check(multiplyDims(x, y), a * b);
        const quotient = divideExactly(x, y);
        if (quotient !== undefined && b !== 0) check(quotient, a / b);
        if (!canBeNegative(x)) expect(a).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('that are equal are written the same', () => {
    fc.assert(
      fc.property(dim, dim, dim, (x, y, z) => {
        const left = addDims(x, y);
        expect(addDims(y, x)).toBe(left);
        const [xy, yz] = [multiplyDims(x, y), multiplyDims(y, z)];
        if (xy === undefined || yz === undefined) return;
        expect(multiplyDims(xy, z)).toBe(multiplyDims(x, yz));
      }),
      { numRuns: 1000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import { refusalOf } from '../fixtures/refusal.js';
import { attr, constant, type NodeSpec, node } from '../fixtures/saved-model-writer.js';
import { floats, graphOf, ops, run, small, T } from './models.js';

const I = { T: attr.type('int32') };
const frame = (name: string, isConstant = false) => ({
  frame_name: attr.string(name),
  is_constant: attr.bool(isConstant),
  parallel_iterations: attr.int(10),
});
const merge = { N: attr.int(2) };

/** `while i < limit: x = x + x; i = i + 1`, as TensorFlow 1 writes it. */
function loop(prefix: string, input: string, limit: number): NodeSpec[] {
  const n = (name: string) => `${prefix}/${name}`;
  return [
    constant(n('zero'), 'int32', [], [0]),
    constant(n('one'), 'int32', [], [1]),
    constant(n('limit'), 'int32', [], [limit]),
    node(n('Enter'), 'Enter', [n('zero')], { ...I, ...frame(prefix) }),
    node(n('Enter_1'), 'Enter', [input], { ...T, ...frame(prefix) }),
    node(n('Enter_2'), 'Enter', [n('limit')], { ...I, ...frame(prefix, true) }),
    node(n('Merge'), 'Merge', [n('Enter'), n('Next')], { ...I, ...merge }),
    node(n('Merge_1'), 'Merge', [n('Enter_1'), n('Next_1')], { ...T, ...merge }),
    node(n('Less'), 'Less', [n('Merge'), n('Enter_2')], I),
    node(n('LoopCond'), 'LoopCond', [n('Less')]),
    node(n('Switch'), 'Switch', [n('Merge'), n('LoopCond')], I),
    node(n('Switch_1'), 'Switch', [n('Merge_1'), n('LoopCond')], T),
    node(n('Identity'), 'Identity', [`${n('Switch')}:1`], I),
    node(n('Identity_1'), 'Identity', [`${n('Switch_1')}:1`], T),
    node(n('add'), 'AddV2', [n('Identity'), n('one')], I),
    node(n('double'), 'AddV2', [n('Identity_1'), n('Identity_1')], T),
    node(n('Next'), 'NextIteration', [n('add')], I),
    node(n('Next_1'), 'NextIteration', [n('double')], T),
    node(n('Exit_1'), 'Exit', [n('Switch_1')], T),
  ];
}

/** `y = sum(x) > 0 ? -x : x + x` */
const conditional: NodeSpec[] = [
  constant('axis', 'int32', [1], [0]),
  constant('nought', 'float32', [], [0]),
  node('sum', 'Sum', ['x', 'axis'], { ...T, Tidx: attr.type('int32') }),
  node('pred', 'Greater', ['sum', 'nought'], T),
  node('id', 'Identity', ['pred'], { T: attr.type('bool') }),
  node('Switch', 'Switch', ['x', 'id'], T),
  node('neg', 'Neg', ['Switch:1'], T),
  node('double', 'AddV2', ['Switch', 'Switch'], T),
  node('Merge', 'Merge', ['double', 'neg'], { ...T, ...merge }),
];

describe('TensorFlow 1 control flow', () => {
  it('a frame becomes a loop', () => {
    const graph = graphOf(small([...loop('while', 'x', 3), node('y', 'Neg', ['while/Exit_1'], T)]));
    expect(ops(graph.nodes)).toEqual(['While', 'Neg']);
    expect(run(graph, { x: floats([1, 2]) })).toEqual({ y: [-8, -16] });
  });

  it('a Merge becomes a branch', () => {
    const graph = graphOf(small([...conditional, node('y', 'Neg', ['Merge'], T)]));
    expect(ops(graph.nodes)).toContain('If');
    expect(run(graph, { x: floats([1, 2]) })).toEqual({ y: [1, 2] });
    expect(run(graph, { x: floats([-1, -2]) })).toEqual({ y: [2, 4] });
  });

  it('tells which input of a Merge was taken', () => {
    const graph = graphOf(
      small([
        ...conditional,
        node('y', 'Cast', ['Merge:1'], { SrcT: attr.type('int32'), DstT: attr.type('float32') }),
      ]),
    );
    expect(run(graph, { x: floats([1]) })).toEqual({ y: [1] });
    expect(run(graph, { x: floats([-1]) })).toEqual({ y: [0] });
  });

  it('a broken loop beside the signature does no harm', () => {
    const broken = loop('other', 'x', 3).filter(({ name }) => name !== 'other/LoopCond');
    const graph = graphOf(small([...broken, node('y', 'Neg', ['x'], T)]));
    expect(run(graph, { x: floats([1]) })).toEqual({ y: [-1] });
  });

  it('a broken loop that the signature needs is refused', () => {
    const broken = loop('while', 'x', 3).filter(({ name }) => name !== 'while/Next_1');
    const act = () => graphOf(small([...broken, node('y', 'Neg', ['while/Exit_1'], T)]));
    expect(refusalOf(act)).toMatch(/^TFD_/);
  });

  it('any wiring of such nodes is built or refused', () => {
    const names = loop('while', 'x', 3).map(({ name }) => name);
    const edit = fc.record({
      at: fc.nat(names.length - 1),
      input: fc.nat(2),
      to: fc.nat(names.length - 1),
      output: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const nodes = [...loop('while', 'x', 3), ...conditional].map((each) => ({
          ...each,
          inputs: [...(each.inputs ?? [])],
        }));
        for (const { at, input, to, output } of edits) {
          const inputs = nodes[at]!.inputs;
          if (inputs.length > 0) inputs[input % inputs.length] = `${names[to]}:${output}`;
        }
        const all = [...nodes, node('y', 'AddV2', ['while/Exit_1', 'Merge'], T)];
        try {
          graphOf(small(all as NodeSpec[]));
        } catch (error) {
          if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

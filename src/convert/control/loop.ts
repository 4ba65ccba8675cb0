import type { Body, Value } from '../../graph/ir.js';
import type { Emitter } from '../emitter.js';
import { RefTable } from '../ref-table.js';
import type { Ref } from '../types.js';
import { emitBody } from './body.js';
import { asCondition, type FlowTools } from './flow.js';

/**
 * While as ONNX Loop: the condition is computed once before and at the end of each turn. Values that the loop
 * does not change are no variables any more at this point, and are seen from inside as they stand outside.
 */
export function emitLoop(tools: FlowTools): readonly Ref[] {
  const { node, onnx, refs } = tools;
  const [condition, body] = [node.bodies.get('cond') as Body, node.bodies.get('body') as Body];
  const initial = node.inputs.map((input) => refs.get(input));
  const isEntered = emitCondition(tools, onnx, refs, condition, initial);
  onnx.scope = node.name;
  const child = onnx.child();
  const inner = new RefTable(child, refs);
  const turn = child.declare(`${node.name}/turn`, 'int64');
  const goesOn = child.declare(`${node.name}/goes_on`, 'bool');
  const state = body.inputs.map((input) => bindInput(child, inner, input));
  tools.convert(body.nodes, child, inner);
  const next = body.outputs.map((output) => inner.get(output));
  const again = emitCondition(tools, child, inner, condition, next);
  const graph = emitBody(
    child,
    node.name,
    [
      { name: turn, dtype: 'int64', shape: [] },
      { name: goesOn, dtype: 'bool', shape: [] },
      ...state.map((name, i) => ({ name, dtype: (body.inputs[i] as Value).dtype })),
    ],
    [again, ...next],
  );
  const dtypes = node.outputs.map(({ dtype }) => dtype);
  return onnx.control('Loop', ['', isEntered, ...initial], { body: { graph } }, dtypes);
}

function bindInput(child: Emitter, refs: RefTable, input: Value): Ref {
  const ref = child.declare(input.name, input.dtype);
  refs.set(input, ref);
  return ref;
}

function emitCondition(
  tools: FlowTools,
  onnx: Emitter,
  refs: RefTable,
  condition: Body,
  state: readonly Ref[],
): Ref {
  const own = new RefTable(onnx, refs);
  condition.inputs.forEach((input, i) => {
    own.set(input, state[i] as Ref);
  });
  tools.convert(condition.nodes, onnx, own);
  const output = condition.outputs[0] as Value;
  return asCondition(tools, onnx, own.get(output), output);
}

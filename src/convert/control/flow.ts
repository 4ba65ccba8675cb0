import { TfdeployError } from '../../base/error.js';
import type { Body, Node, Value } from '../../graph/ir.js';
import type { Emitter } from '../emitter.js';
import { RefTable } from '../ref-table.js';
import type { Ref } from '../types.js';
import { emitBody } from './body.js';
import { emitLoop } from './loop.js';

/** Converts the nodes of a body; what is refused is collected by the caller. */
export type ConvertInner = (nodes: readonly Node[], onnx: Emitter, refs: RefTable) => void;

/** The tools that emitters of control flow share. */
export interface FlowTools {
  readonly node: Node;
  readonly onnx: Emitter;
  readonly refs: RefTable;
  readonly convert: ConvertInner;
}

/** If, Case and While with their bodies as subgraphs; one Ref per output of the node. */
export function convertFlow(
  node: Node,
  onnx: Emitter,
  refs: RefTable,
  convert: ConvertInner,
): readonly Ref[] {
  const tools: FlowTools = { node, onnx, refs, convert };
  if (node.bodies.has('cond')) return emitLoop(tools);
  if (node.bodies.has('then_branch')) return emitIf(tools);
  return emitCase(tools);
}

function emitIf(tools: FlowTools): Ref[] {
  const [choice, ...passed] = tools.node.inputs;
  const condition = asCondition(tools, tools.onnx, tools.refs.get(choice as Value), choice as Value);
  const branch = (key: string) => emitBranch(tools, tools.onnx, tools.node.bodies.get(key) as Body, passed);
  tools.onnx.scope = tools.node.name;
  return tools.onnx.control(
    'If',
    [condition],
    { then_branch: { graph: branch('then_branch') }, else_branch: { graph: branch('else_branch') } },
    tools.node.outputs.map(({ dtype }) => dtype),
  );
}

/** A chain of If; as in TensorFlow, an index that is no branch takes the last one. */
function emitCase(tools: FlowTools): Ref[] {
  const { node, onnx, refs } = tools;
  const [choice, ...passed] = node.inputs;
  const bodies = [...node.bodies.values()];
  const index = refs.get(choice as Value);
  const dtypes = node.outputs.map(({ dtype }) => dtype);
  const emitFrom = (first: number, emitter: Emitter): Ref[] => {
    const isThis = emitter.op('Equal', [index, emitter.scalar((choice as Value).dtype, first)]);
    const rest = emitter.child();
    const last = first + 2 === bodies.length;
    const otherwise = last
      ? emitBranch(tools, emitter, bodies[first + 1] as Body, passed)
      : emitBody(rest, `${node.name}/otherwise`, [], emitFrom(first + 1, rest));
    const own = emitBranch(tools, emitter, bodies[first] as Body, passed);
    return emitter.control(
      'If',
      [isThis],
      { then_branch: { graph: own }, else_branch: { graph: otherwise } },
      dtypes,
    );
  };
  if (bodies.length === 1) return inlineBody(tools, bodies[0] as Body, passed);
  return emitFrom(0, onnx);
}

function inlineBody({ onnx, refs, convert }: FlowTools, body: Body, passed: readonly Value[]): Ref[] {
  const own = new RefTable(onnx, refs);
  body.inputs.forEach((input, i) => {
    own.set(input, refs.get(passed[i] as Value));
  });
  convert(body.nodes, onnx, own);
  return body.outputs.map((output) => own.get(output));
}

function emitBranch(tools: FlowTools, onnx: Emitter, body: Body, passed: readonly Value[]) {
  const child = onnx.child();
  const outputs = inlineBody({ ...tools, onnx: child }, body, passed);
  return emitBody(child, tools.node.name, [], outputs);
}

/** TensorFlow takes any scalar as a condition, and a tensor that has elements for true. */
export function asCondition(tools: FlowTools, onnx: Emitter, ref: Ref, value: Value): Ref {
  if (value.shape === null) {
    const why = 'the rank of its condition is not known';
    throw new TfdeployError('TFD_SHAPE_UNKNOWN', `node "${tools.node.name}" (${tools.node.op}): ${why}`, {
      details: { node: tools.node.name, op: tools.node.op, why },
    });
  }
  if (value.shape.length > 0) {
    return onnx.op('Greater', [onnx.op('Size', [ref]), onnx.i64Scalar(0)]);
  }
  return onnx.cast(ref, value.dtype, 'bool');
}

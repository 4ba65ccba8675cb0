import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Node } from '../graph/ir.js';
import { findUnreadAttrs } from './attr-check.js';
import { blockerOf } from './blockers.js';
import { NodeContext } from './context.js';
import { type ConvertInner, convertFlow } from './control/flow.js';
import type { Emitter } from './emitter.js';
import { NEVER_ONNX } from './partition.js';
import type { Blocker } from './plan.js';
import { RefTable } from './ref-table.js';
import { findConverter } from './registry.js';

export { RefTable };

export interface RefusedNode {
  readonly node: Node;
  readonly blocker: Blocker;
}

/**
 * Converts nodes in order. A node that can not be converted becomes a blocker, and its outputs stand-ins, so
 * that one run finds every blocker.
 */
export function convertNodes(nodes: readonly Node[], onnx: Emitter, refs: RefTable): RefusedNode[] {
  const refused: RefusedNode[] = [];
  for (const node of nodes) {
    try {
      refused.push(...convertNode(node, onnx, refs));
    } catch (error) {
      if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
      refused.push({ node, blocker: blockerOf(node, error) });
      for (const output of node.outputs) refs.set(output, onnx.declare(output.name, output.dtype));
    }
  }
  return refused;
}

/** What is refused in the bodies of a node stands for the node. */
function convertNode(node: Node, onnx: Emitter, refs: RefTable): RefusedNode[] {
  const row = findConverter(node.op);
  const inner: RefusedNode[] = [];
  const convertInner: ConvertInner = (nodes, emitter, table) => {
    inner.push(...convertNodes(nodes, emitter, table).map(({ blocker }) => ({ node, blocker })));
  };
  const context = new NodeContext(
    node,
    onnx,
    (value) => refs.get(value),
    () => convertFlow(node, onnx, refs, convertInner),
  );
  if (row === undefined) {
    throw context.refuse('TFD_OP_UNSUPPORTED', 'there is neither a converter nor a host kernel for it');
  }
  const type = [...node.inputs, ...node.outputs].find(({ dtype }) => NEVER_ONNX.has(dtype))?.dtype;
  if (type !== undefined)
    throw context.refuse('TFD_DTYPE_UNSUPPORTED', `there is no way to run it on ${type}`);
  const from = onnx.nodes.length;
  onnx.scope = node.name;
  const made = row.convert(context);
  const unread = findUnreadAttrs(node, context.attrs, row.neutral);
  if (unread.length > 0) {
    throw context.refuse('TFD_ATTR_UNREAD', `attribute ${unread.join(', ')} has a value that is not handled`);
  }
  // Two outputs may be one tensor, as the shapes of an input that comes twice.
  const renamed = new Map<string, string>();
  node.outputs.forEach((output, index) => {
    const ref = made[index];
    if (ref === undefined) throw new TfdeployError('TFD_BUG', `${node.op} made no output ${index}`);
    const actual = onnx.dtypeOf(ref);
    if (actual !== output.dtype) {
      throw new TfdeployError('TFD_BUG', `${node.op} "${node.name}" made ${actual}, not ${output.dtype}`);
    }
    const name = renamed.get(ref) ?? onnx.rename(ref, output.name, from);
    renamed.set(ref, name);
    refs.set(output, name);
  });
  return inner;
}

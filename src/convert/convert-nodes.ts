import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Node, Value } from '../graph/ir.js';
import { findUnreadAttrs } from './attr-check.js';
import { blockerOf } from './blockers.js';
import { NodeContext } from './context.js';
import type { Emitter } from './emitter.js';
import { NEVER_ONNX } from './partition.js';
import type { Blocker } from './plan.js';
import { findConverter } from './registry.js';
import type { Ref } from './types.js';

/** The ONNX names of graph values while nodes are converted one after the other. */
export class RefTable {
  readonly #refs = new Map<number, Ref>();

  constructor(private readonly onnx: Emitter) {}

  set(value: Value, ref: Ref): void {
    this.#refs.set(value.id, ref);
  }

  /** The tensor of a value; a constant becomes an initializer on first use. */
  get(value: Value): Ref {
    const known = this.#refs.get(value.id);
    if (known !== undefined) return known;
    if (value.constant === undefined) {
      throw new TfdeployError('TFD_GRAPH_INVALID', `"${value.name}" is used before it is made`);
    }
    const ref = this.onnx.constant(value.constant);
    this.#refs.set(value.id, ref);
    return ref;
  }
}

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
      convertNode(node, onnx, refs);
    } catch (error) {
      if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
      refused.push({ node, blocker: blockerOf(node, error) });
      for (const output of node.outputs) refs.set(output, onnx.declare(output.name, output.dtype));
    }
  }
  return refused;
}

function convertNode(node: Node, onnx: Emitter, refs: RefTable): void {
  const row = findConverter(node.op);
  const context = new NodeContext(node, onnx, (value) => refs.get(value));
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
  node.outputs.forEach((output, index) => {
    const ref = made[index];
    if (ref === undefined) throw new TfdeployError('TFD_BUG', `${node.op} made no output ${index}`);
    const actual = onnx.dtypeOf(ref);
    if (actual !== output.dtype) {
      throw new TfdeployError('TFD_BUG', `${node.op} "${node.name}" made ${actual}, not ${output.dtype}`);
    }
    refs.set(output, onnx.rename(ref, output.name, from));
  });
}

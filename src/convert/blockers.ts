import type { TfdeployError } from '../base/error.js';
import { formatShape } from '../base/shape.js';
import type { Node } from '../graph/ir.js';
import { layerOf } from './layer.js';
import type { Blocker } from './plan.js';

const WAY_OUT = 'run the signature with the tfjs-node engine (tfdeploy engine install tfjs-node)';

/** The record of a node that can not be converted. */
export function blockerOf(node: Node, error: TfdeployError): Blocker {
  const border = node.outputs[0] ?? node.inputs[0];
  return {
    code: error.code,
    op: node.op,
    node: node.name,
    layer: layerOf(node.origin),
    dtype: border?.dtype ?? '',
    shape: border === undefined ? '' : formatShape(border.shape),
    why: typeof error.details.why === 'string' ? error.details.why : error.message,
    wayOut: error.hint ?? WAY_OUT,
  };
}

/** Blockers in one line each, for messages. */
export function describeBlockers(blockers: readonly Blocker[]): string {
  return blockers
    .map(({ op, node, why }) => `${op} "${node}": ${why}`)
    .slice(0, 20)
    .join('; ');
}

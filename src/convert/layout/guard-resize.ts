import type { OnnxNode, Ref } from '../types.js';
import type { Perm } from './perm.js';
import type { Sink } from './sink.js';

/** Operators that ONNX Runtime's transpose optimizer does not move a transpose through. */
const STOPS = new Set([
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'Reshape',
  'MaxPool',
  'AveragePool',
  'Resize',
]);

/**
 * Resizes behind transposes other than the one that their own layout asks for. ONNX Runtime moves these through the
 * Resize, which then works on axes that its linear kernels refuse when they run. An average over single pixels
 * stands in the way.
 */
export function guardResizes(nodes: readonly OnnxNode[], sink: Sink): OnnxNode[] {
  const makers = new Map<Ref, OnnxNode>();
  for (const node of nodes) for (const ref of node.outputs) makers.set(ref, node);
  return nodes.flatMap((node) => {
    const [data, ...rest] = node.inputs;
    const isLinear = node.op === 'Resize' && node.domain === '' && node.attrs.get('mode') === 'linear';
    if (!isLinear || !isBehindOddTranspose(data!, makers)) return [node];
    const kept = sink.tools.declare(`${data}/kept`, sink.tools.dtypeOf(data!));
    const pool: OnnxNode = {
      op: 'AveragePool',
      domain: '',
      name: kept,
      inputs: [data!],
      outputs: [kept],
      attrs: new Map([['kernel_shape', [1, 1]]]),
    };
    return [pool, { ...node, inputs: [kept, ...rest] }];
  });
}

function isBehindOddTranspose(ref: Ref, makers: ReadonlyMap<Ref, OnnxNode>): boolean {
  const seen = new Set<Ref>();
  const direct = makers.get(ref);
  const open = direct !== undefined && isToFirst(direct) ? [direct.inputs[0]!] : [ref];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const maker = makers.get(next);
    if (seen.has(next) || maker === undefined || STOPS.has(maker.op)) continue;
    seen.add(next);
    if (maker.op === 'Transpose') return true;
    open.push(...maker.inputs);
  }
  return false;
}

function isToFirst(node: OnnxNode): boolean {
  return node.op === 'Transpose' && (node.attrs.get('perm') as Perm | undefined)?.join() === '0,3,1,2';
}

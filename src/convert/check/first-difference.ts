import { compareTensors } from '../../base/compare.js';
import type { DType } from '../../base/dtype.js';
import type { NumericTensor, Tensor, TensorMap } from '../../base/tensor.js';
import type { Graph } from '../../graph/ir.js';
import type { CompiledSignature } from '../compiled.js';
import { transposeTensor } from '../derive.js';
import { layerOf } from '../layer.js';
import { innerOutput, listInner } from './expose.js';
import { RANDOM } from './reference.js';

/** The node whose result is the first to differ from the reference. */
export interface FirstDifference {
  readonly node: string;
  readonly op: string;
  readonly layer: string;
  readonly why: string;
}

/** Runs the compiled signature and hands out inner tensors under `innerOutput` names. */
export type RunInner = (refs: ReadonlyMap<string, DType>) => Promise<TensorMap>;

/** Tensors that are handed out in one run: enough for few runs, and not all of a large model in memory. */
const AT_ONCE = 48;
/** Name of a tensor that the layout pass keeps channels first. */
const turned = (name: string): string => `${name}/turned`;

interface Probe {
  readonly name: string;
  /** What the compiled signature calls it. */
  readonly ref: string;
  readonly node: Graph['nodes'][number];
}

/**
 * Goes through the nodes in order and compares what the compiled signature makes of each with the reference.
 * Undefined when all tensors that both have are alike.
 */
export async function findFirstDifference(
  graph: Graph,
  signature: CompiledSignature,
  reference: ReadonlyMap<string, Tensor>,
  run: RunInner,
): Promise<FirstDifference | undefined> {
  const probes = listProbes(graph, signature, reference);
  for (let at = 0; at < probes.length; at += AT_ONCE) {
    const some = probes.slice(at, at + AT_ONCE);
    const types = new Map(some.map(({ name, ref }) => [ref, reference.get(name)!.dtype]));
    const found = await run(types);
    for (const { name, ref, node } of some) {
      const actual = found.get(innerOutput(ref));
      if (actual === undefined) continue;
      const compared = compareTensors(turnBack(actual, ref === name), reference.get(name)!);
      if (compared.matches) continue;
      const { op, name: nodeName } = node;
      return { node: nodeName, op, layer: layerOf(node.origin), why: compared.why ?? 'it differs' };
    }
  }
  return undefined;
}

function listProbes(
  graph: Graph,
  signature: CompiledSignature,
  reference: ReadonlyMap<string, Tensor>,
): Probe[] {
  const made = new Set(listInner(signature));
  return graph.nodes.flatMap((node) =>
    node.outputs.flatMap(({ name, shape }): Probe[] => {
      if (!reference.has(name) || RANDOM.test(node.op)) return [];
      if (made.has(name)) return [{ name, ref: name, node }];
      return made.has(turned(name)) && shape?.length === 4 ? [{ name, ref: turned(name), node }] : [];
    }),
  );
}

function turnBack(tensor: Tensor, isPlain: boolean): Tensor {
  return isPlain || tensor.dtype === 'string' || tensor.shape.length !== 4
    ? tensor
    : transposeTensor(tensor as NumericTensor, [0, 2, 3, 1]);
}

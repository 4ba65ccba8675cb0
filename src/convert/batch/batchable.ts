import type { Graph, Node, Value } from '../../graph/ir.js';
import { FIXED, type Flow, FlowContext, MIXED, mentionsBatch, ROWS, SIZE } from './flow.js';
import { FLOW_RULES } from './rules.js';

/** Ops whose results differ from run to run or with their place in a batch. */
const NEVER = /^(Random|Stateless|Multinomial|.*RandomUniform)/;

/**
 * Whether requests may be run together: dimension 0 of every input and output is the batch, and no row of an
 * output depends on another row. Proved op by op over the graph; what is not proved is not batchable.
 */
export function isBatchable(graph: Graph): boolean {
  if (graph.inputs.length === 0 || graph.outputs.length === 0) return false;
  const flows = new Map<Value, Flow>();
  const batchNames = new Set<string>();
  for (const { value } of graph.inputs) {
    const batch = value.shape?.[0];
    if (typeof batch !== 'string') return false;
    batchNames.add(batch);
    flows.set(value, ROWS);
  }
  const flowOf = (value: Value): Flow =>
    value.constant !== undefined || value.producer === undefined
      ? (flows.get(value) ?? FIXED)
      : (flows.get(value) ?? MIXED);
  for (const node of graph.nodes) {
    const made = flowThrough(node, node.inputs.map(flowOf), batchNames);
    node.outputs.forEach((output, index) => {
      const flow = settle(output, Array.isArray(made) ? (made[index] ?? MIXED) : made, batchNames);
      flows.set(output, flow);
      const [first] = output.shape ?? [];
      if (flow.kind === 'rows' && flow.group === 1 && typeof first === 'string') batchNames.add(first);
    });
  }
  return graph.outputs.every(({ value }) => {
    const flow = flowOf(value);
    return flow.kind === 'rows' && flow.group === 1;
  });
}

/** What the shape and the known elements of a value say beside its op. */
function settle(value: Value, flow: Flow, batchNames: ReadonlySet<string>): Flow {
  // A fixed number of rows would refuse any other batch.
  if (flow.kind === 'rows') return typeof value.shape?.[0] === 'number' ? MIXED : flow;
  // Sizes of other dimensions are the same in all requests that run together.
  const isFree = value.elements?.every((dim) => !mentionsBatch(dim, batchNames)) ?? false;
  return flow.kind === 'size' && isFree ? FIXED : flow;
}

function flowThrough(
  node: Node,
  inputs: readonly Flow[],
  batchNames: ReadonlySet<string>,
): Flow | readonly Flow[] {
  if (node.bodies.size > 0 || NEVER.test(node.op)) return MIXED;
  if (inputs.every(({ kind }) => kind === 'fixed')) return FIXED;
  if (inputs.some(({ kind }) => kind === 'mixed')) return MIXED;
  const context = new FlowContext(node, inputs, batchNames);
  const made = FLOW_RULES.get(node.op)?.(context) ?? MIXED;
  if (!inputs.every(({ kind }) => kind === 'fixed' || kind === 'size')) return made;
  // What is made of sizes alone is the same for every row, unless it was found to repeat itself per row.
  const repeats = !Array.isArray(made) && (made as Flow).kind === 'rows';
  return repeats ? made : SIZE;
}

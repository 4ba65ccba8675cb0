import type { Graph, Node, Value } from '../../../graph/ir.js';
import { eachRegion, type RegionView } from '../editor.js';

/** Inputs and outputs of list operations that are one list before and after. */
const SAME_LIST: ReadonlyMap<string, { readonly input: number; readonly output: number }> = new Map(
  [
    'TensorListSetItem',
    'TensorListPushBack',
    'TensorListPopBack',
    'TensorListResize',
    'TensorListScatterIntoExistingList',
  ].map((op) => [op, { input: 0, output: 0 }]),
);

/** All values that hold one list at different times, and the nodes that make or read it. */
export interface Web {
  readonly values: Set<Value>;
  readonly nodes: { readonly node: Node; readonly region: RegionView }[];
}

/** Groups the list values of a graph: what list operations, branches and loops pass on stays together. */
export function findWebs(graph: Graph): Web[] {
  const parent = new Map<Value, Value>();
  const rootOf = (value: Value): Value => {
    let at = value;
    for (let next = parent.get(at); next !== undefined && next !== at; next = parent.get(at)) at = next;
    parent.set(value, at);
    return at;
  };
  const join = (a: Value | undefined, b: Value | undefined): void => {
    if (a?.dtype !== 'variant' || b?.dtype !== 'variant') return;
    parent.set(rootOf(a), rootOf(b));
  };
  const touching: { node: Node; region: RegionView; values: Value[] }[] = [];
  eachRegion(graph, (region) => {
    for (const node of region.nodes) {
      const values = [...node.inputs, ...node.outputs].filter(({ dtype }) => dtype === 'variant');
      if (values.length > 0) touching.push({ node, region, values });
      for (const value of values) rootOf(value);
      const same = SAME_LIST.get(node.op);
      if (same !== undefined) join(node.inputs[same.input], node.outputs[same.output]);
      joinBodies(node, join);
    }
  });
  const webs = new Map<Value, Web>();
  for (const { node, region, values } of touching) {
    for (const value of values) {
      const root = rootOf(value);
      const web = webs.get(root) ?? { values: new Set(), nodes: [] };
      webs.set(root, web);
      web.values.add(value);
      if (web.nodes.at(-1)?.node !== node) web.nodes.push({ node, region });
    }
  }
  for (const value of parent.keys()) webs.get(rootOf(value))?.values.add(value);
  return [...webs.values()];
}

function joinBodies(node: Node, join: (a: Value | undefined, b: Value | undefined) => void): void {
  const isLoop = node.bodies.has('cond');
  const skip = isLoop || node.bodies.has('f') ? 0 : 1;
  for (const [key, body] of node.bodies) {
    body.inputs.forEach((input, i) => {
      join(input, node.inputs[skip + i]);
    });
    if (isLoop && key === 'cond') continue;
    body.outputs.forEach((output, i) => {
      join(output, node.outputs[i]);
      if (isLoop) join(output, body.inputs[i]);
    });
  }
}

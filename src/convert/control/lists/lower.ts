import { DTYPES, type DType } from '../../../base/dtype.js';
import type { Dim } from '../../../base/shape.js';
import type { Graph, Node, Value } from '../../../graph/ir.js';
import { eachRegion, GraphEditor, inferAgain, type RegionView } from '../editor.js';
import { delayNode, elementDims, elementType, findDim } from './element-shape.js';
import { LIST_ROWS, ListRewrite, type ListRow } from './rows.js';
import { findWebs, type Web } from './webs.js';

const MAX_ROUNDS = 8;

/** Ops that pass lists on without touching them. */
const FLOW = /^(Stateless)?(While|If|Case)$/;

/**
 * Replaces lists of tensors by tensors with one more axis, and list operations by those on tensors, wherever the
 * elements have one shape that can be told at run time. Other lists stay, and are the host's. Several rounds,
 * since one list's elements may come from another.
 */
export function lowerLists(graph: Graph): void {
  if (!hasLists(graph)) return;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const editor = new GraphEditor(graph);
    const lowered = findWebs(graph).filter((web) => lowerWeb(editor, web));
    if (lowered.length === 0) return;
    inferAgain(graph);
    if (!hasLists(graph)) return;
  }
}

function hasLists(graph: Graph): boolean {
  let found = false;
  eachRegion(graph, ({ nodes }) => {
    found ||= nodes.some((node) => node.outputs.some(({ dtype }) => dtype === 'variant'));
  });
  return found;
}

/** True when the list of a web became a tensor. */
function lowerWeb(editor: GraphEditor, web: Web): boolean {
  const dtype = elementType(web);
  if (dtype === undefined) return false;
  const dims = elementDims(web);
  const plans: { node: Node; region: RegionView; row: ListRow }[] = [];
  for (const { node, region } of web.nodes) {
    if (FLOW.test(node.op)) continue;
    const row = LIST_ROWS.get(node.op);
    if (row === undefined || !(row.fits?.(node) ?? true)) return false;
    plans.push({ node, region, row });
  }
  const blanks = plans.filter(({ row }) => row.needsShape === true);
  if (blanks.length > 0 && (dims === undefined || !blanks.every((each) => canBlank(each, dims))))
    return false;
  retype(web, dtype);
  for (const { node, region, row } of plans) {
    const rewrite = new ListRewrite(editor, region, node, dtype);
    if (row.needsShape === true) rewrite.elementDims = placeDims(rewrite, region, node, dims ?? []);
    row.rewrite(rewrite);
    rewrite.finish();
  }
  return true;
}

/** Whether the sizes of an element are known where an empty list is made, or where it is first needed. */
function canBlank(
  { node, region }: { readonly node: Node; readonly region: RegionView },
  dims: readonly (Dim | undefined)[],
): boolean {
  const at = delayNode(region, node);
  return dims.every(
    (dim) => typeof dim === 'number' || (dim !== undefined && findDim(region, at, dim) !== undefined),
  );
}

function placeDims(
  rewrite: ListRewrite,
  region: RegionView,
  node: Node,
  dims: readonly (Dim | undefined)[],
): Value[] {
  const at = region.nodes.indexOf(node);
  return dims.map((dim) => {
    if (typeof dim === 'number') return rewrite.int(dim);
    const source = findDim(region, at, dim as string)!;
    return rewrite.add(
      'GatherV2',
      [rewrite.shapeOf(source.value), rewrite.int(source.axis), rewrite.int(0)],
      {
        dtype: 'int32',
      },
    );
  });
}

/** The values of the list are tensors from now on. */
function retype(web: Web, dtype: DType): void {
  for (const value of web.values) {
    value.dtype = dtype;
    value.shape = null;
  }
  for (const { node } of web.nodes) {
    for (const name of ['T', 'Tin', 'Tout']) {
      const attr = node.attrs.get(name);
      if (attr?.kind !== 'list') continue;
      const values = name === 'Tout' ? node.outputs : node.inputs.slice(node.bodies.has('cond') ? 0 : 1);
      node.attrs.set(name, {
        kind: 'list',
        value: values.map((value) => ({ kind: 'type', value: DTYPES[value.dtype].tf })),
      });
    }
  }
}

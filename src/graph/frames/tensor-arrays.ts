import type { AttrValue, NodeDef } from '../../savedmodel/types.js';
import { intValue } from '../constants.js';
import {
  attempt,
  dataRefs,
  frameError,
  INT32,
  makeNode,
  type NodeMap,
  plainRef,
  splitRef,
  typeAttr,
  VARIANT,
} from './node-map.js';

/** Ops that pass a flow on; those of loops and conditionals pass it by every output. */
const PASSING: ReadonlySet<string> = new Set([
  ...['Identity', 'Enter', 'Exit', 'NextIteration', 'Switch', 'Merge'],
]);

/** The output of a TensorArray op that is its flow. */
const FLOW_OUTPUT: ReadonlyMap<string, number> = new Map([
  ['TensorArrayV3', 1],
  ['TensorArrayWriteV3', 0],
  ['TensorArrayScatterV3', 0],
  ['TensorArraySplitV3', 0],
]);

type Rewrite = (map: NodeMap, node: NodeDef, inputs: readonly string[]) => NodeDef;

/**
 * TensorArrays become lists of tensors: what was the flow, a number that only orders the operations, is the
 * list itself, and handles have no reader any more.
 */
export function rewriteTensorArrays(map: NodeMap): void {
  if (![...map.nodes.values()].some((node) => node.op === 'TensorArrayV3')) return;
  retypeFlows(map);
  const made: NodeDef[] = [];
  for (const node of map.nodes.values()) {
    const rewrite = REWRITES.get(node.op);
    const rewritten = rewrite && attempt(() => rewrite(map, node, dataRefs(node)));
    if (rewritten !== undefined) made.push(rewritten);
  }
  const arrays = new Set(
    [...map.nodes.values()].flatMap(({ op, name }) => (op === 'TensorArrayV3' ? [name] : [])),
  );
  for (const node of made) map.nodes.set(node.name, node);
  for (const node of map.nodes.values()) {
    const inputs = node.inputs.map((ref) => {
      const { name, index } = splitRef(ref);
      return !ref.startsWith('^') && index === 1 && arrays.has(name) ? name : ref;
    });
    map.nodes.set(node.name, { ...node, inputs });
  }
}

function retypeFlows(map: NodeMap): void {
  const passing = new Set<string>();
  const isFlow = (ref: string) => {
    const { name, index } = splitRef(ref);
    if (passing.has(name)) return index === 0 || map.nodes.get(name)?.op === 'Switch';
    return FLOW_OUTPUT.get(map.nodes.get(name)?.op ?? '') === index;
  };
  const readers = new Map<string, NodeDef[]>();
  for (const node of map.nodes.values()) {
    if (!PASSING.has(node.op)) continue;
    const refs = node.op === 'Merge' ? dataRefs(node) : dataRefs(node).slice(0, 1);
    for (const ref of refs) {
      const { name } = splitRef(ref);
      readers.set(name, [...(readers.get(name) ?? []), node]);
    }
  }
  const pending = [...map.nodes.values()].flatMap((node) => (FLOW_OUTPUT.has(node.op) ? [node.name] : []));
  while (pending.length > 0) {
    for (const node of readers.get(pending.pop()!) ?? []) {
      if (passing.has(node.name) || !dataRefs(node).some(isFlow)) continue;
      passing.add(node.name);
      pending.push(node.name);
    }
  }
  for (const name of passing) {
    const node = map.nodes.get(name) as NodeDef;
    map.nodes.set(name, { ...node, attrs: new Map(node.attrs).set('T', typeAttr(VARIANT)) });
  }
}

/** The TensorArrayV3 behind a handle. */
function arrayOf(map: NodeMap, node: NodeDef, handle: string): NodeDef {
  let at = splitRef(handle).name;
  for (let steps = 0; steps < 1000; steps++) {
    const found = map.nodes.get(at);
    if (found?.op === 'TensorArrayV3') return found;
    const [next] = found === undefined || !PASSING.has(found.op) ? [] : dataRefs(found);
    if (next === undefined) break;
    at = splitRef(next).name;
  }
  throw frameError(node, 'its TensorArray is not found');
}

function attrOf(node: NodeDef, name: string): AttrValue {
  const attr = node.attrs.get(name);
  if (attr === undefined) throw frameError(node, `attribute "${name}" is missing`);
  return attr;
}

/** The constant shape of the elements as an input of list ops: −1 is an unknown size, a scalar an unknown rank. */
function shapeRef(map: NodeMap, node: NodeDef, attr: AttrValue | undefined): string {
  const shape = attr?.kind === 'shape' ? attr.value : null;
  const dims = shape?.map((dim) => (typeof dim === 'number' ? dim : -1));
  const name = `${node.name}/element_shape`;
  const value = intValue('int32', dims ?? [-1], dims === undefined ? [] : [dims.length]);
  map.nodes.set(
    name,
    makeNode(name, 'Const', [], { dtype: typeAttr(INT32), value: { kind: 'tensor', value } }),
  );
  return name;
}

function elementShape(map: NodeMap, node: NodeDef, handle: string): string {
  return shapeRef(map, node, arrayOf(map, node, handle).attrs.get('element_shape'));
}

const list = (
  node: NodeDef,
  op: string,
  inputs: readonly string[],
  elementType: AttrValue,
  more: Readonly<Record<string, AttrValue>> = {},
) => makeNode(node.name, op, inputs, { element_dtype: elementType, ...more });

const shapeType = { shape_type: typeAttr(INT32) };

const reserve: Rewrite = (map, node, [size]) =>
  list(
    node,
    'TensorListReserve',
    [shapeRef(map, node, node.attrs.get('element_shape')), size!],
    attrOf(node, 'dtype'),
    shapeType,
  );

const write: Rewrite = (map, node, [handle, index, value, flow]) =>
  list(node, 'TensorListSetItem', [flow!, index!, value!], attrOf(node, 'T'), {
    resize_if_index_out_of_bounds: arrayOf(map, node, handle!).attrs.get('dynamic_size') ?? {
      kind: 'b',
      value: false,
    },
  });

const scatter: Rewrite = (map, node, [handle, indices, value, flow]) => {
  if (isWhole(map, arrayOf(map, node, handle!), indices!)) {
    return list(
      node,
      'TensorListFromTensor',
      [value!, elementShape(map, node, handle!)],
      attrOf(node, 'T'),
      shapeType,
    );
  }
  return list(node, 'TensorListScatterIntoExistingList', [flow!, value!, indices!], attrOf(node, 'T'));
};

/** Whether indices are 0, 1… up to the size of the array, as `unstack` writes them. */
function isWhole(map: NodeMap, array: NodeDef, indices: string): boolean {
  const range = map.nodes.get(splitRef(indices).name);
  if (range?.op !== 'Range') return false;
  const [start, limit, delta] = dataRefs(range);
  const [size] = dataRefs(array);
  return constOf(map, start) === 0 && constOf(map, delta) === 1 && plainRef(limit!) === plainRef(size!);
}

function constOf(map: NodeMap, ref: string | undefined): number | undefined {
  const value = ref === undefined ? undefined : map.nodes.get(splitRef(ref).name)?.attrs.get('value');
  return value?.kind === 'tensor' && value.value.dtype !== 'string'
    ? Number(value.value.read().data[0])
    : undefined;
}

const REWRITES: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ['TensorArrayV3', reserve],
  ['TensorArrayWriteV3', write],
  ['TensorArrayScatterV3', scatter],
  [
    'TensorArrayReadV3',
    (map, node, [handle, index, flow]) =>
      list(
        node,
        'TensorListGetItem',
        [flow!, index!, elementShape(map, node, handle!)],
        attrOf(node, 'dtype'),
      ),
  ],
  [
    'TensorArrayGatherV3',
    (map, node, [, indices, flow]) =>
      list(
        node,
        'TensorListGather',
        [flow!, indices!, shapeRef(map, node, node.attrs.get('element_shape'))],
        attrOf(node, 'dtype'),
      ),
  ],
  ['TensorArraySizeV3', (_map, node, [, flow]) => makeNode(node.name, 'TensorListLength', [flow!], {})],
  [
    'TensorArrayConcatV3',
    (map, node, [handle, flow]) => {
      const leading = `${node.name}/leading_dims`;
      const value = intValue('int64', [], [0]);
      const attrs = { dtype: typeAttr(9), value: { kind: 'tensor', value } } as const;
      map.nodes.set(leading, makeNode(leading, 'Const', [], attrs));
      const shape = elementShape(map, node, handle!);
      return list(node, 'TensorListConcatV2', [flow!, shape, leading], attrOf(node, 'dtype'), shapeType);
    },
  ],
  [
    'TensorArraySplitV3',
    (map, node, [handle, value, lengths]) =>
      list(
        node,
        'TensorListSplit',
        [value!, elementShape(map, node, handle!), lengths!],
        attrOf(node, 'T'),
        shapeType,
      ),
  ],
  ['TensorArrayCloseV3', (_map, node) => makeNode(node.name, 'NoOp', [], {})],
]);

import type { DType } from '../../base/dtype.js';
import type { NumericTensor } from '../../base/tensor.js';
import type { Graph, Node, Value } from '../../graph/ir.js';
import type { AttrValue } from '../../savedmodel/types.js';
import { denseValue } from '../derive.js';
import { capturesOf } from './captures.js';
import { eachRegion, GraphEditor, inferAgain, type RegionView, typeAttr } from './editor.js';

/** Outputs of BlockLSTM and of LSTMBlockCell: i, cs, f, o, ci, co, h. */
const CELL = 1;
const STATE = 6;
const OUTPUTS = 7;

/**
 * BlockLSTM and BlockLSTMV2 become loops over LSTMBlockCell that collect the outputs somebody reads. Those with
 * weights that are not constants stay: their gates would have to be put in order in each run.
 */
export function unrollBlockLstm(graph: Graph): void {
  const found: { region: RegionView; node: Node }[] = [];
  eachRegion(graph, (region) => {
    for (const node of region.nodes) {
      if (/^BlockLSTM(V2)?$/.test(node.op) && canUnroll(node)) found.push({ region, node });
    }
  });
  if (found.length === 0) return;
  const editor = new GraphEditor(graph);
  for (const { region, node } of found) unroll(editor, graph, region, node);
  inferAgain(graph);
}

function canUnroll(node: Node): boolean {
  const [, x, , , w, , , , b] = node.inputs;
  const isKnown = node.op === 'BlockLSTM' || (w?.constant !== undefined && b?.constant !== undefined);
  return isKnown && x?.shape?.length === 3 && x.dtype === 'float32';
}

function isRead(graph: Graph, region: RegionView, node: Node, value: Value): boolean {
  const outputs = region.owner === undefined ? graph.outputs.map((output) => output.value) : undefined;
  if (outputs === undefined || outputs.includes(value)) return true;
  return region.nodes.some(
    (each) => each !== node && (each.inputs.includes(value) || capturesOf(each).outside.has(value)),
  );
}

function unroll(editor: GraphEditor, graph: Graph, region: RegionView, node: Node): void {
  const [length, x, cs, h, w, wci, wcf, wco, b] = node.inputs as Value[];
  const made: Node[] = [];
  const add = (
    op: string,
    inputs: Value[],
    dtype: DType,
    attrs: Record<string, AttrValue> = {},
    into = made,
  ) => {
    const each = editor.node(op, inputs, attrs, { name: `${node.name}/${op}`, dtype, origin: node.origin });
    into.push(each);
    return each;
  };
  const one = (each: Node) => each.outputs[0] as Value;
  const int = (value: number) => editor.int(`${node.name}/const`, value);
  const input = (dtype: DType, shape: Value['shape']) => editor.value(`${node.name}/state`, dtype, shape);
  const wanted = node.outputs.flatMap((value, i) => (isRead(graph, region, node, value) ? [i] : []));
  const casted = one(
    add('Cast', [length as Value], 'int32', {
      ...{ SrcT: typeAttr('int64'), DstT: typeAttr('int32'), Truncate: { kind: 'b', value: false } },
    }),
  );
  const shape = one(add('Shape', [x as Value], 'int32', { out_type: typeAttr('int32') }));
  const timeAndBatch = one(
    add('GatherV2', [shape, editor.ints(`${node.name}/axes`, [0, 1]), int(0)], 'int32'),
  );
  const units = editor.ints(`${node.name}/units`, [(wci as Value).shape?.[0] as number]);
  const dims = one(add('ConcatV2', [timeAndBatch, units, int(0)], 'int32', { N: { kind: 'i', value: 2n } }));
  const zero = editor.constant(
    `${node.name}/zero`,
    denseValue({ dtype: 'float32', shape: [], data: new Float32Array(1) }),
  );
  const blank = one(add('Fill', [dims, zero], 'float32'));

  const [t, c0, h0] = [input('int32', []), input('float32', null), input('float32', null)];
  const arrays = wanted.map(() => input('float32', null));
  const body: Node[] = [];
  const row = one(add('GatherV2', [x as Value, t, int(0)], 'float32', {}, body));
  const isV2 = node.op === 'BlockLSTMV2';
  const cell = editor.node(
    'LSTMBlockCell',
    [row, c0, h0, isV2 ? swapGates(editor, w!) : w!, wci!, wcf!, wco!, isV2 ? swapGates(editor, b!) : b!],
    {
      forget_bias: isV2
        ? { kind: 'f', value: 0 }
        : (node.attrs.get('forget_bias') ?? { kind: 'f', value: 1 }),
      cell_clip: node.attrs.get('cell_clip') ?? { kind: 'f', value: isV2 ? 0 : 3 },
      use_peephole: node.attrs.get('use_peephole') ?? { kind: 'b', value: false },
      T: typeAttr('float32'),
    },
    {
      ...{ name: `${node.name}/cell`, dtype: 'float32', origin: node.origin },
      outputs: Array.from({ length: OUTPUTS }, () => editor.value(`${node.name}/cell`, 'float32', null)),
    },
  );
  body.push(cell);
  const at = one(add('Reshape', [t, editor.ints(`${node.name}/one`, [1, 1])], 'int32', {}, body));
  const written = wanted.map((output, i) => {
    const item = one(add('ExpandDims', [cell.outputs[output] as Value, int(0)], 'float32', {}, body));
    return one(add('TensorScatterUpdate', [arrays[i] as Value, at, item], 'float32', {}, body));
  });
  const next = one(add('AddV2', [t, int(1)], 'int32', {}, body));

  const condition = [input('int32', []), input('float32', null), input('float32', null)];
  const conditionArrays = wanted.map(() => input('float32', null));
  const test: Node[] = [];
  const goesOn = one(add('Less', [condition[0] as Value, casted], 'bool', {}, test));

  const outputs = [
    ...[input('int32', []), input('float32', null), input('float32', null)],
    ...wanted.map((i) => node.outputs[i] as Value),
  ];
  const loop = editor.node(
    'While',
    [int(0), cs!, h!, ...wanted.map(() => blank)],
    {},
    {
      ...{ name: node.name, dtype: 'float32', origin: node.origin },
      outputs,
    },
  );
  loop.bodies.set('cond', { inputs: [...condition, ...conditionArrays], nodes: test, outputs: [goesOn] });
  loop.bodies.set('body', {
    inputs: [t, c0, h0, ...arrays],
    nodes: body,
    outputs: [next, cell.outputs[CELL] as Value, cell.outputs[STATE] as Value, ...written],
  });
  const nodes = [...region.nodes];
  nodes.splice(nodes.indexOf(node), 1, ...made, loop);
  region.nodes = nodes;
}

/** Gates i, f, c, o of BlockLSTMV2 in the order i, c, f, o. */
function swapGates(editor: GraphEditor, value: Value): Value {
  const source = value.constant!;
  const swapped = {
    ...{ dtype: source.dtype, shape: source.shape, byteLength: source.byteLength },
    read: () => {
      const tensor = source.read() as NumericTensor;
      const data = tensor.data.slice() as Float32Array;
      const width = source.shape.at(-1) as number;
      const units = width / 4;
      for (let at = 0; at < data.length; at += width) {
        data.copyWithin(at + units, at + 2 * units, at + 3 * units);
        data.set((tensor.data as Float32Array).subarray(at + units, at + 2 * units), at + 2 * units);
      }
      return { ...tensor, data };
    },
  };
  return editor.constant(`${value.name}/swapped`, swapped);
}

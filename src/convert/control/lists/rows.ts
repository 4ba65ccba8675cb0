import type { DType } from '../../../base/dtype.js';
import { numericTensor } from '../../../base/tensor.js';
import type { Node, Value } from '../../../graph/ir.js';
import type { AttrValue } from '../../../savedmodel/types.js';
import { denseValue } from '../../derive.js';
import { type GraphEditor, type RegionView, typeAttr } from '../editor.js';

const flag = (value: boolean): AttrValue => ({ kind: 'b', value });

/** One list operation that becomes operations on a tensor whose axis 0 counts the elements. */
export class ListRewrite {
  /** Sizes of an element as int32 scalars, where the row needs them. */
  elementDims: readonly Value[] = [];
  readonly #made: Node[] = [];

  constructor(
    private readonly editor: GraphEditor,
    private readonly region: RegionView,
    readonly node: Node,
    readonly dtype: DType,
  ) {}

  input(index: number): Value {
    return this.node.inputs[index] as Value;
  }

  int(value: number): Value {
    return this.editor.int(`${this.node.name}/const`, value);
  }

  ints(values: readonly number[]): Value {
    return this.editor.ints(`${this.node.name}/const`, values);
  }

  add(
    op: string,
    inputs: readonly Value[],
    options: { dtype?: DType; attrs?: Readonly<Record<string, AttrValue>>; output?: Value } = {},
  ): Value {
    const { dtype = this.dtype, attrs = {}, output } = options;
    const made = this.editor.node(op, inputs, attrs, {
      name: output === undefined ? `${this.node.name}/${op}` : this.node.name,
      dtype,
      origin: this.node.origin,
      ...(output === undefined ? {} : { outputs: [output] }),
    });
    this.#made.push(made);
    return made.outputs[0] as Value;
  }

  /** Makes output `index` of the node. */
  make(
    index: number,
    op: string,
    inputs: readonly Value[],
    attrs: Readonly<Record<string, AttrValue>> = {},
  ): void {
    const output = this.node.outputs[index];
    if (output !== undefined) this.add(op, inputs, { output, attrs, dtype: output.dtype });
  }

  /** Output `index` is another tensor under a new name. */
  alias(index: number, value: Value): void {
    const type = typeAttr(value.dtype);
    this.make(index, 'Cast', [value], { SrcT: type, DstT: type, Truncate: flag(false) });
  }

  shapeOf(value: Value): Value {
    return this.add('Shape', [value], { dtype: 'int32', attrs: { out_type: typeAttr('int32') } });
  }

  length(list: Value): Value {
    return this.add('GatherV2', [this.shapeOf(list), this.int(0), this.int(0)], { dtype: 'int32' });
  }

  /** Sizes of an element of a list, as a vector. */
  rowShape(list: Value): Value {
    return this.tail(this.shapeOf(list), 1);
  }

  tail(vector: Value, from: number): Value {
    const bits = (value: number): AttrValue => ({ kind: 'i', value: BigInt(value) });
    return this.add('StridedSlice', [vector, this.ints([from]), this.ints([0]), this.ints([1])], {
      dtype: 'int32',
      attrs: {
        ...{ begin_mask: bits(0), end_mask: bits(1), ellipsis_mask: bits(0) },
        ...{ new_axis_mask: bits(0), shrink_axis_mask: bits(0) },
      },
    });
  }

  vector(scalar: Value): Value {
    return this.add('Reshape', [scalar, this.ints([1])], { dtype: scalar.dtype });
  }

  concat(parts: readonly Value[], dtype: DType = this.dtype): Value {
    return this.add('ConcatV2', [...parts, this.int(0)], {
      dtype,
      attrs: { N: { kind: 'i', value: BigInt(parts.length) } },
    });
  }

  /** `count` elements of zeros. */
  blank(count: Value, rowShape: Value): Value {
    const zero = this.editor.constant(
      `${this.node.name}/zero`,
      denseValue(numericTensor(this.dtype as 'float32', [], [0])),
    );
    return this.add('Fill', [this.concat([this.vector(count), rowShape], 'int32'), zero]);
  }

  /** The known sizes of an element as a vector. */
  knownRowShape(): Value {
    if (this.elementDims.length === 0) return this.ints([]);
    return this.add('Pack', this.elementDims, {
      dtype: 'int32',
      attrs: {
        N: { kind: 'i', value: BigInt(this.elementDims.length) },
        axis: { kind: 'i', value: 0n },
      },
    });
  }

  row(item: Value): Value {
    return this.add('ExpandDims', [item, this.int(0)], { dtype: item.dtype });
  }

  /** The numbers from 0 up to a limit. */
  count(limit: Value): Value {
    return this.add('Range', [this.int(0), limit, this.int(1)], { dtype: 'int32' });
  }

  binary(op: string, a: Value, b: Value): Value {
    return this.add(op, [a, b], { dtype: 'int32' });
  }

  gather(list: Value, indices: Value): Value {
    return this.add('GatherV2', [list, indices, this.int(0)]);
  }

  /** Puts what was made in the node's place. */
  finish(): void {
    const nodes = [...this.region.nodes];
    nodes.splice(nodes.indexOf(this.node), 1, ...this.#made);
    this.region.nodes = nodes;
  }
}

export interface ListRow {
  /** Makes blank elements, and so needs to know their shape. */
  readonly needsShape?: boolean;
  readonly fits?: (node: Node) => boolean;
  readonly rewrite: (rewrite: ListRewrite) => void;
}

const isInt32 = (value: Value | undefined) => value?.dtype === 'int32';

/** `TensorListSetItem(list, index, item)`; an index beyond the end may make the list longer. */
function setItem(r: ListRewrite): void {
  const [list, index, item] = [r.input(0), r.input(1), r.input(2)];
  const grows = r.node.attrs.get('resize_if_index_out_of_bounds');
  const rows = r.row(item);
  let base = list;
  if (grows?.kind === 'b' && grows.value) {
    const missing = r.binary('Sub', r.binary('AddV2', index, r.int(1)), r.length(list));
    const rowShape = r.tail(r.shapeOf(rows), 1);
    base = r.concat([list, r.blank(r.binary('Maximum', missing, r.int(0)), rowShape)]);
  }
  const at = r.add('Reshape', [index, r.ints([1, 1])], { dtype: 'int32' });
  r.make(0, 'TensorScatterUpdate', [base, at, rows]);
}

function popBack(r: ListRewrite): void {
  const list = r.input(0);
  const last = r.binary('Sub', r.length(list), r.int(1));
  r.make(0, 'GatherV2', [list, r.count(last), r.int(0)]);
  r.make(1, 'GatherV2', [list, last, r.int(0)]);
}

function resize(r: ListRewrite): void {
  const [list, size] = [r.input(0), r.input(1)];
  const length = r.length(list);
  const kept = r.gather(list, r.count(r.binary('Minimum', size, length)));
  const missing = r.binary('Maximum', r.binary('Sub', size, length), r.int(0));
  r.make(0, 'ConcatV2', [kept, r.blank(missing, r.rowShape(list)), r.int(0)], {
    N: { kind: 'i', value: 2n },
  });
}

/** `TensorListScatterV2(rows, indices, element_shape, num_elements)`: as long as the largest index asks for. */
function scatter(r: ListRewrite): void {
  const [rows, indices, wanted] = [r.input(0), r.input(1), r.input(3)];
  const largest = r.add('Max', [indices, r.ints([0])], { dtype: 'int32', attrs: { keep_dims: flag(false) } });
  const count = r.binary('Maximum', wanted, r.binary('AddV2', largest, r.int(1)));
  const blank = r.blank(count, r.rowShape(rows));
  const at = r.add('ExpandDims', [indices, r.int(1)], { dtype: 'int32' });
  r.make(0, 'TensorScatterUpdate', [blank, at, rows]);
}

/** The whole list when it is filled in order, as `unstack` does. */
function scatterInto(r: ListRewrite): void {
  const [list, rows, indices] = [r.input(0), r.input(1), r.input(2)];
  if (isWholeScatter(r.node)) {
    r.alias(0, rows);
    return;
  }
  const at = r.add('ExpandDims', [indices, r.int(1)], { dtype: 'int32' });
  r.make(0, 'TensorScatterUpdate', [list, at, rows]);
}

/** Indices 0, 1… for every row, into a list that was reserved for as many. */
export function isWholeScatter(node: Node): boolean {
  const [list, rows, indices] = node.inputs;
  const range = indices?.producer;
  const isCounting = range?.op === 'Range' && intOf(range.inputs[0]) === 0 && intOf(range.inputs[2]) === 1;
  const isCounted = indices?.elements?.every((dim, i) => dim === i) ?? constantCount(indices);
  if (!isCounting && !isCounted) return false;
  const reserve = list?.producer;
  if (reserve?.op !== 'TensorListReserve') return false;
  const size = reserve.inputs[1];
  const count = size?.elements?.[0] ?? intOf(size);
  return count !== undefined && count === rows?.shape?.[0];
}

function constantCount(value: Value | undefined): boolean {
  const tensor = value?.constant?.read();
  if (tensor === undefined || tensor.dtype === 'string') return false;
  return Array.from(tensor.data, Number).every((each, i) => each === i);
}

function intOf(value: Value | undefined): number | undefined {
  const tensor = value?.constant?.read();
  return tensor === undefined || tensor.dtype === 'string' || tensor.shape.length > 0
    ? undefined
    : Number(tensor.data[0]);
}

/** All elements have as many rows, since they have one shape. */
function concatList(r: ListRewrite): void {
  const list = r.input(0);
  const shape = r.shapeOf(list);
  const [count, rows] = [0, 1].map((axis) =>
    r.add('GatherV2', [shape, r.int(axis), r.int(0)], { dtype: 'int32' }),
  ) as [Value, Value];
  const joined = r.concat([r.vector(r.binary('Mul', count, rows)), r.tail(shape, 2)], 'int32');
  r.make(0, 'Reshape', [list, joined]);
  if (r.node.outputs[1] === undefined) return;
  const long = r.add('Cast', [rows], {
    dtype: 'int64',
    attrs: { SrcT: typeAttr('int32'), DstT: typeAttr('int64'), Truncate: flag(false) },
  });
  r.make(1, 'Fill', [r.vector(count), long]);
}

function equalLengths(node: Node): number[] | undefined {
  const tensor = node.inputs[2]?.constant?.read();
  if (tensor === undefined || tensor.dtype === 'string') return undefined;
  const lengths = Array.from(tensor.data, Number);
  return lengths.length > 0 && lengths.every((each) => each === lengths[0]) ? lengths : undefined;
}

export const LIST_ROWS: ReadonlyMap<string, ListRow> = new Map<string, ListRow>([
  [
    'TensorListReserve',
    {
      needsShape: true,
      fits: (node) => isInt32(node.inputs[1]),
      rewrite: (r) => r.alias(0, r.blank(r.input(1), r.knownRowShape())),
    },
  ],
  ['EmptyTensorList', { needsShape: true, rewrite: (r) => r.alias(0, r.blank(r.int(0), r.knownRowShape())) }],
  ['TensorListFromTensor', { rewrite: (r) => r.alias(0, r.input(0)) }],
  ['TensorListSetItem', { fits: (node) => isInt32(node.inputs[1]), rewrite: setItem }],
  ['TensorListGetItem', { rewrite: (r) => r.make(0, 'GatherV2', [r.input(0), r.input(1), r.int(0)]) }],
  [
    'TensorListLength',
    { rewrite: (r) => r.make(0, 'GatherV2', [r.shapeOf(r.input(0)), r.int(0), r.int(0)]) },
  ],
  [
    'TensorListPushBack',
    {
      rewrite: (r) =>
        r.make(0, 'ConcatV2', [r.input(0), r.row(r.input(1)), r.int(0)], { N: { kind: 'i', value: 2n } }),
    },
  ],
  ['TensorListPopBack', { rewrite: popBack }],
  ['TensorListResize', { rewrite: resize }],
  ['TensorListGather', { rewrite: (r) => r.make(0, 'GatherV2', [r.input(0), r.input(1), r.int(0)]) }],
  ['TensorListScatterV2', { rewrite: scatter }],
  ['TensorListScatterIntoExistingList', { rewrite: scatterInto }],
  ['TensorListStack', { rewrite: (r) => r.alias(0, r.input(0)) }],
  ['TensorListConcatV2', { rewrite: concatList }],
  [
    'TensorListSplit',
    {
      fits: (node) => equalLengths(node) !== undefined,
      rewrite: (r) => {
        const lengths = equalLengths(r.node) as number[];
        const parts = r.ints([lengths.length, lengths[0] as number]);
        r.make(0, 'Reshape', [r.input(0), r.concat([parts, r.rowShape(r.input(0))], 'int32')]);
      },
    },
  ],
]);

import { numericTensor, type Tensor } from '../base/tensor.js';
import { integerOf, integersOf } from './lanes.js';
import { blankTensor } from './layout.js';
import { concatTensors, splitTensor, withShape } from './shape-ops.js';
import type { HostValue, KernelContext, KernelFamily, VariantValue } from './types.js';

/** A list of tensors of one type; a place that was never set is undefined. Never changed in place. */
class TensorList {
  constructor(
    readonly dtype: Tensor['dtype'],
    /** −1 is an unknown size; undefined an unknown rank. */
    readonly elementShape: readonly number[] | undefined,
    readonly items: readonly (Tensor | HostValue | undefined)[],
  ) {}
}

function wrap(list: TensorList): VariantValue {
  return { dtype: 'variant', shape: [], payload: list };
}

function listAt(context: KernelContext, index: number): TensorList {
  const value = context.inputs[index];
  if (value?.dtype === 'variant' && 'payload' in value && value.payload instanceof TensorList)
    return value.payload;
  throw context.fail(`input ${index} is not a list of tensors`);
}

function shapeAt(context: KernelContext, index: number): readonly number[] | undefined {
  const shape = integersOf(context, index);
  return context.tensor(index).shape.length === 0 && shape[0] === -1 ? undefined : shape;
}

function elementType(context: KernelContext): Tensor['dtype'] {
  const dtype = context.attrs.dtype('element_dtype');
  return dtype as Tensor['dtype'];
}

/** What is known about the shape of the elements, from the list, the op and the elements that are set. */
function knownShape(
  list: TensorList,
  declared: readonly number[] | undefined,
): readonly number[] | undefined {
  const set = list.items.find((item) => item !== undefined && 'shape' in item) as Tensor | undefined;
  const best = [declared, list.elementShape, set?.shape];
  return best.find((shape) => shape?.every((dim) => dim >= 0)) ?? best.find((shape) => shape !== undefined);
}

function itemAt(
  context: KernelContext,
  list: TensorList,
  index: number,
  declared: readonly number[] | undefined,
): HostValue {
  if (index < 0 || index >= list.items.length)
    throw context.fail(`index ${index} is not in [0, ${list.items.length})`);
  const item = list.items[index];
  if (item !== undefined) return item;
  const shape = knownShape(list, declared);
  if (shape === undefined || shape.some((dim) => dim < 0)) throw context.fail(`element ${index} is not set`);
  return blankTensor(list.dtype, shape);
}

function stackItems(
  context: KernelContext,
  list: TensorList,
  indices: readonly number[],
  declared: readonly number[] | undefined,
): Tensor {
  if (indices.length === 0) {
    const shape = knownShape(list, declared);
    if (shape === undefined || shape.some((dim) => dim < 0))
      throw context.fail('an empty list of unknown shape is stacked');
    return blankTensor(list.dtype, [0, ...shape]);
  }
  const items = indices.map((index) => itemAt(context, list, index, declared) as Tensor);
  return concatTensors(
    context,
    items.map((item) => withShape(item, [1, ...item.shape])),
    0,
  );
}

const everyIndex = (list: TensorList) => list.items.map((_, i) => i);

function rowsOf(tensor: Tensor): Tensor[] {
  const count = tensor.shape[0] ?? 0;
  return splitTensor(tensor, 0, new Array<number>(count).fill(1)).map((row) =>
    withShape(row, tensor.shape.slice(1)),
  );
}

function setItem(context: KernelContext): HostValue[] {
  const list = listAt(context, 0);
  const index = integerOf(context, 1);
  const item = context.inputs[2]!;
  const items = [...list.items];
  if (index < 0 || (index >= items.length && !context.attrs.bool('resize_if_index_out_of_bounds', false))) {
    throw context.fail(`index ${index} is not in [0, ${items.length})`);
  }
  while (items.length <= index) items.push(undefined);
  items[index] = item;
  return [wrap(new TensorList(list.dtype, list.elementShape, items))];
}

function concatList(context: KernelContext): HostValue[] {
  const list = listAt(context, 0);
  const items = everyIndex(list).map((i) => itemAt(context, list, i, undefined) as Tensor);
  const lengths = numericTensor(
    'int64',
    [items.length],
    items.map((item) => item.shape[0]!),
  );
  if (items.length > 0) return [concatTensors(context, items, 0), lengths];
  const shape = knownShape(list, undefined)?.slice(1);
  if (shape === undefined || shape.some((dim) => dim < 0))
    throw context.fail('an empty list of unknown shape is joined');
  return [blankTensor(list.dtype, [0, ...shape]), lengths];
}

export const tensorListKernels: KernelFamily = {
  EmptyTensorList: (context) => [wrap(new TensorList(elementType(context), shapeAt(context, 0), []))],
  TensorListReserve: (context) => {
    const count = integerOf(context, 1);
    if (count < 0) throw context.fail(`reserves ${count} elements`);
    return [
      wrap(new TensorList(elementType(context), shapeAt(context, 0), new Array(count).fill(undefined))),
    ];
  },
  TensorListFromTensor: (context) => {
    const tensor = context.tensor(0);
    return [wrap(new TensorList(tensor.dtype, tensor.shape.slice(1), rowsOf(tensor)))];
  },
  TensorListStack: (context) => {
    const list = listAt(context, 0);
    const wanted = context.attrs.int('num_elements', -1);
    if (wanted >= 0 && wanted !== list.items.length)
      throw context.fail(`has ${list.items.length} elements, not ${wanted}`);
    return [stackItems(context, list, everyIndex(list), shapeAt(context, 1))];
  },
  TensorListGetItem: (context) => [
    itemAt(context, listAt(context, 0), integerOf(context, 1), shapeAt(context, 2)),
  ],
  TensorListSetItem: setItem,
  TensorListLength: (context) => [numericTensor('int32', [], [listAt(context, 0).items.length])],
  TensorListPushBack: (context) => {
    const list = listAt(context, 0);
    return [wrap(new TensorList(list.dtype, list.elementShape, [...list.items, context.inputs[1]!]))];
  },
  TensorListPopBack: (context) => {
    const list = listAt(context, 0);
    const last = list.items.length - 1;
    const item = itemAt(context, list, last, shapeAt(context, 1));
    return [wrap(new TensorList(list.dtype, list.elementShape, list.items.slice(0, -1))), item];
  },
  TensorListResize: (context) => {
    const list = listAt(context, 0);
    const items = Array.from({ length: integerOf(context, 1) }, (_, i) => list.items[i]);
    return [wrap(new TensorList(list.dtype, list.elementShape, items))];
  },
  TensorListGather: (context) => [
    stackItems(context, listAt(context, 0), integersOf(context, 1), shapeAt(context, 2)),
  ],
  TensorListConcat: concatList,
  TensorListConcatV2: concatList,
  TensorListSplit: (context) => {
    const tensor = context.tensor(0);
    const lengths = integersOf(context, 2);
    if (lengths.reduce((a, b) => a + b, 0) !== tensor.shape[0])
      throw context.fail('lengths do not sum up to the rows');
    return [wrap(new TensorList(tensor.dtype, shapeAt(context, 1), splitTensor(tensor, 0, lengths)))];
  },
  TensorListScatterV2: (context) => {
    const rows = rowsOf(context.tensor(0));
    const indices = integersOf(context, 1);
    const count = integerOf(context, 3);
    const length = Math.max(count, ...indices.map((index) => index + 1), 0);
    const items = new Array<Tensor | undefined>(length).fill(undefined);
    indices.forEach((index, i) => {
      items[index] = rows[i];
    });
    return [wrap(new TensorList(context.tensor(0).dtype, shapeAt(context, 2), items))];
  },
  TensorListScatterIntoExistingList: (context) => {
    const list = listAt(context, 0);
    const rows = rowsOf(context.tensor(1));
    const items = [...list.items];
    integersOf(context, 2).forEach((index, i) => {
      if (index < 0) throw context.fail(`index ${index} is negative`);
      while (items.length <= index) items.push(undefined);
      items[index] = rows[i];
    });
    return [wrap(new TensorList(list.dtype, list.elementShape, items))];
  },
  TensorListElementShape: (context) => {
    const { elementShape } = listAt(context, 0);
    const dtype = context.attrs.dtype('shape_type') === 'int64' ? 'int64' : 'int32';
    return [
      elementShape === undefined
        ? numericTensor(dtype, [], [-1])
        : numericTensor(dtype, [elementShape.length], elementShape),
    ];
  },
};

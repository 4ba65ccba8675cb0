import { allocate } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { elementCount, numericTensor, type Tensor } from '../base/tensor.js';
import type { HostTable, HostValue, KernelContext, KernelFamily } from './types.js';

type Cell = number | bigint | Uint8Array;

/** The key of a table as a string: bytes one to one for strings, digits for numbers. */
export function tableKey(cell: Cell): string {
  return cell instanceof Uint8Array ? latin1(cell) : String(cell);
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** A lookup table from parallel vectors. The same key with two values is TFD_KERNEL_INPUT. */
export function makeTable(keys: Tensor, values: Tensor): HostTable {
  const table: HostTable = { keyDType: keys.dtype, valueDType: values.dtype, map: new Map() };
  fillTable(table, keys, values, 'refuse');
  return table;
}

/** Adds pairs; a key that is there with another value is refused or replaced. */
export function fillTable(
  table: HostTable,
  keys: Tensor,
  values: Tensor,
  onConflict: 'refuse' | 'replace',
): void {
  const count = elementCount(keys.shape);
  if (elementCount(values.shape) !== count) {
    throw new TfdeployError(
      'TFD_KERNEL_INPUT',
      `a table of ${count} keys is given ${elementCount(values.shape)} values`,
    );
  }
  for (let i = 0; i < count; i++) {
    const key = tableKey(keys.data[i]!);
    const value = values.data[i]!;
    const known = table.map.get(key);
    if (onConflict === 'refuse' && known !== undefined && tableKey(known) !== tableKey(value)) {
      throw new TfdeployError('TFD_KERNEL_INPUT', `a table is given two values for the key "${key}"`);
    }
    table.map.set(key, value);
  }
}

/** The pairs of a table as parallel vectors, in the order in which they came. */
export function tableTensors(table: HostTable): { keys: Tensor; values: Tensor } {
  return {
    keys: cellTensor(
      table.keyDType,
      [...table.map.keys()].map((key) => cellOfKey(table.keyDType, key)),
    ),
    values: cellTensor(table.valueDType, [...table.map.values()]),
  };
}

function cellOfKey(dtype: Tensor['dtype'], key: string): Cell {
  if (dtype === 'string') return Uint8Array.from(key, (char) => char.charCodeAt(0));
  return dtype === 'int64' || dtype === 'uint64' ? BigInt(key) : Number(key);
}

function cellTensor(dtype: Tensor['dtype'], cells: readonly Cell[]): Tensor {
  const shape = [cells.length];
  if (dtype === 'string') return { dtype, shape, data: cells as Uint8Array[] };
  return numericTensor(dtype, shape, cells as (number | bigint)[]);
}

function tableOf(context: KernelContext): HostTable {
  const handle = context.inputs[0];
  if (handle?.dtype !== 'resource' || !('table' in handle))
    throw context.fail('its first input is not a table');
  return handle.table;
}

function find(context: KernelContext): HostValue[] {
  const table = tableOf(context);
  const [keys, fallback] = [context.tensor(1), context.tensor(2)];
  if (keys.dtype !== table.keyDType)
    throw context.fail(`keys are ${keys.dtype}, the table's ${table.keyDType}`);
  if (fallback.dtype !== table.valueDType) {
    throw context.fail(`the default is ${fallback.dtype}, the table's values ${table.valueDType}`);
  }
  const count = elementCount(keys.shape);
  const perElement = elementCount(fallback.shape) !== 1;
  if (perElement && elementCount(fallback.shape) !== count)
    throw context.fail('the default has another size');
  const take = (i: number) => table.map.get(tableKey(keys.data[i]!)) ?? fallback.data[perElement ? i : 0]!;
  if (fallback.dtype === 'string') {
    const data = Array.from({ length: count }, (_, i) => take(i) as Uint8Array);
    return [{ dtype: 'string', shape: keys.shape, data }];
  }
  const data = allocate(fallback.dtype, count);
  for (let i = 0; i < count; i++) (data as Cell[] & typeof data)[i] = take(i) as never;
  return [{ dtype: fallback.dtype, shape: keys.shape, data }];
}

function size(context: KernelContext): HostValue[] {
  return [{ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(tableOf(context).map.size)) }];
}

/** The pairs of inputs 1 and 2 go into the table; a key that is there gets the new value. */
function insert(context: KernelContext): HostValue[] {
  const table = tableOf(context);
  const [keys, values] = [context.tensor(1), context.tensor(2)];
  if (keys.dtype !== table.keyDType || values.dtype !== table.valueDType)
    throw context.fail(`the table maps ${table.keyDType} to ${table.valueDType}`);
  if (keys.shape.join() !== values.shape.join())
    throw context.fail(`Expected shape [${keys.shape.join(',')}] for value, got [${values.shape.join(',')}]`);
  // What lies in the table outlives the request whose bytes these are.
  fillTable(table, keys, copyCells(values), 'replace');
  return [];
}

function copyCells(values: Tensor): Tensor {
  return values.dtype === 'string'
    ? { ...values, data: values.data.map((bytes) => bytes.slice()) }
    : { ...values, data: values.data.slice() };
}

function replaceAll(context: KernelContext): HostValue[] {
  tableOf(context).map.clear();
  return insert(context);
}

function remove(context: KernelContext): HostValue[] {
  const table = tableOf(context);
  const keys = context.tensor(1);
  if (keys.dtype !== table.keyDType)
    throw context.fail(`keys are ${keys.dtype}, the table's ${table.keyDType}`);
  for (const key of keys.data as Iterable<Cell>) table.map.delete(tableKey(key));
  return [];
}

export const tableKernels: KernelFamily = {
  LookupTableInsert: insert,
  LookupTableInsertV2: insert,
  LookupTableImport: replaceAll,
  LookupTableImportV2: replaceAll,
  LookupTableRemoveV2: remove,
  LookupTableFind: find,
  LookupTableFindV2: find,
  LookupTableSize: size,
  LookupTableSizeV2: size,
};

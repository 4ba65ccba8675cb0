import type { TableValue } from '../graph/ir.js';
import type { HostTable, HostValue } from '../kernels/types.js';

/** Lookup tables by handle name, filled with their initial contents. */
export function makeTables(tables: ReadonlyMap<string, TableValue>): Map<string, HostValue> {
  return new Map([...tables].map(([name, table]) => [name, { dtype: 'resource', table: fillTable(table) }]));
}

function fillTable({ keyDType, valueDType, keys, values }: TableValue): HostTable {
  const map: HostTable['map'] = new Map();
  const [keyTensor, valueTensor] = [keys.read(), values.read()];
  Array.from<Uint8Array | number | bigint>(keyTensor.data as Iterable<number>).forEach((key, index) => {
    const text = key instanceof Uint8Array ? Buffer.from(key).toString('latin1') : String(key);
    map.set(text, valueTensor.data[index] as number | bigint | Uint8Array);
  });
  return {
    keyDType: keyDType as HostTable['keyDType'],
    valueDType: valueDType as HostTable['valueDType'],
    map,
  };
}

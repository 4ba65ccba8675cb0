import type { TableValue, VariableState } from '../graph/ir.js';
import type { HostTable, HostValue } from '../kernels/types.js';
import type { ModelState } from './model-state.js';

/** Lookup tables by handle name, filled with their initial contents; those that are state are the model's. */
export function makeTables(
  tables: ReadonlyMap<string, TableValue>,
  state: ModelState,
): Map<string, HostValue> {
  return new Map(
    [...tables].map(([name, value]) => {
      const fill = () => fillTable(value);
      const table = value.state === undefined ? fill() : state.table(value.state, fill);
      return [name, { dtype: 'resource', table }];
    }),
  );
}

/** Variables that are state, by handle name. */
export function makeVariables(
  variables: ReadonlyMap<string, VariableState>,
  state: ModelState,
): Map<string, HostValue> {
  return new Map(
    [...variables].map(([handle, { name, value }]) => [
      handle,
      { dtype: 'resource', variable: state.variable(name, value) },
    ]),
  );
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

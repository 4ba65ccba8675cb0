import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A row of the conformance table; the words of `docs/conformance.md`. */
export interface TableRow {
  readonly row: number;
  readonly what: string;
  /** What happens without `--strict-tfs`, where that differs from TensorFlow Serving. */
  readonly byDefault?: string;
  /** What happens in both, where TensorFlow Serving's own behaviour is not to be had. */
  readonly always?: string;
  /** Why it differs. */
  readonly why?: string;
}

export const TABLE: readonly TableRow[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'table.json'), 'utf8'),
);

export function tableRow(row: number): TableRow {
  const found = TABLE.find((each) => each.row === row);
  if (found === undefined) throw new Error(`the conformance table has no row ${row}`);
  return found;
}

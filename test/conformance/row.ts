import { expect, it } from 'vitest';
import type { Answer, Ask } from '../http/client.js';
import { tableRow } from './table.js';

/** Models of the table, by its names; `E:` ones answer with what they were given. */
export type ModelKey = 'H2' | 'H2V' | 'H3' | 'H2T' | 'CNT' | `E:${string}`;

/** A running server with the table's models. */
export interface Bench {
  /** Name under which a model is served. */
  name(model: ModelKey): string;
  ask(path: string, request?: Ask): Promise<Answer>;
}

export type Mode = 'strict' | 'by default';

/** A row of the table, or a part of one, as a test. */
export interface Row<B = Bench> {
  /** Number in the conformance table. */
  readonly row: number;
  /** What of the row is tested here, where it takes several tests. */
  readonly part?: string;
  run(bench: B): Promise<void>;
  /** What happens without `--strict-tfs` where that differs, as the table says. */
  byDefault?(bench: B): Promise<void>;
}

/** A test for each row, named by its number. */
export function testRows<B>(rows: readonly Row<B>[], mode: Mode, bench: () => B, isSkipped = false): void {
  for (const row of rows) {
    const part = row.part === undefined ? '' : `; ${row.part}`;
    const test = mode === 'strict' ? row.run : (row.byDefault ?? row.run);
    it.skipIf(isSkipped)(`row ${row.row}: ${tableRow(row.row).what}${part}`, () => test(bench()));
  }
}

export async function post(
  bench: Bench,
  model: ModelKey,
  body: string,
  suffix = ':predict',
): Promise<Answer> {
  return bench.ask(`/v1/models/${encodeURIComponent(bench.name(model))}${suffix}`, { body });
}

/** The answer is 200 with this JSON, compared as values; NaN and infinities are strings. */
export async function expectJson(
  bench: Bench,
  model: ModelKey,
  body: string,
  json: unknown,
  suffix?: string,
) {
  const answer = await post(bench, model, body, suffix);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toEqual(json);
  return answer;
}

/** The answer is an error of that status whose text contains a piece. */
export function expectError(answer: Answer, status: number, piece: string): void {
  expect(answer.status, answer.text).toBe(status);
  const { error } = JSON.parse(answer.text) as { error: string };
  expect(error).toContain(piece);
  expect(answer.headers['content-type']).toBe('application/json');
}

export function deep(levels: number, inner: string): string {
  return `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`;
}

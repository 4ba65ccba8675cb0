import { expect } from 'vitest';
import type { Answer, Ask } from '../http/client.js';

/** Models of the table, by its names; `E:` ones answer with what they were given. */
export type ModelKey = 'H2' | 'H2V' | 'H3' | 'H2T' | 'CNT' | `E:${string}`;

/** A running server with the table's models. */
export interface Bench {
  /** Name under which a model is served. */
  name(model: ModelKey): string;
  ask(path: string, request?: Ask): Promise<Answer>;
}

export interface Row {
  /** Number in the conformance table. */
  readonly row: number;
  readonly title: string;
  /** Rows that TensorFlow Serving answers otherwise than we do unless told to be strict. */
  readonly isStrictOnly?: boolean;
  run(bench: Bench): Promise<void>;
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

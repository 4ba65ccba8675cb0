import { toDoubles } from '../base/compare.js';
import { isFloatDType } from '../base/dtype.js';
import type { Tensor, TensorMap } from '../base/tensor.js';
import type { PlanExecutor } from '../engine/types.js';

/** How a changed model compares with the float one. */
export interface Measurement {
  readonly signature: string;
  readonly floatMs: number;
  readonly changedMs: number;
  /** ‖changed − float‖ / ‖float‖ over all float outputs of all samples. */
  readonly error: number;
  /** Rows whose largest score is the same, of all rows of outputs that look like scores. */
  readonly top1: { readonly same: number; readonly rows: number } | undefined;
}

const WARM_RUNS = 2;
const MIN_ROUNDS = 5;
const MAX_ROUNDS = 30;
const BUDGET_MS = 4000;

interface Sums {
  difference: number;
  size: number;
  same: number;
  rows: number;
}

/** Runs both on the samples in turn; times are medians over rounds, so that a burst on the machine hits both. */
export async function measure(
  signature: string,
  plain: PlanExecutor,
  changed: PlanExecutor,
  samples: readonly TensorMap[],
): Promise<Measurement> {
  const sums: Sums = { difference: 0, size: 0, same: 0, rows: 0 };
  for (const inputs of samples) {
    const expected = await plain.run(signature, inputs);
    const actual = await changed.run(signature, inputs);
    for (const [name, tensor] of expected) addDifference(sums, tensor, actual.get(name));
  }
  const [first] = samples;
  const times: [number[], number[]] = [[], []];
  const startMs = performance.now();
  for (let round = 0; first !== undefined && round < MAX_ROUNDS + WARM_RUNS; round++) {
    if (round >= MIN_ROUNDS + WARM_RUNS && performance.now() - startMs > BUDGET_MS) break;
    for (const [at, runner] of [plain, changed].entries()) {
      const { timing } = await runner.runTimed(signature, first);
      if (round >= WARM_RUNS) times[at]?.push(timing.computeMs);
    }
  }
  return {
    signature,
    floatMs: median(times[0]),
    changedMs: median(times[1]),
    error: sums.size === 0 ? Math.sqrt(sums.difference) : Math.sqrt(sums.difference / sums.size),
    top1: sums.rows === 0 ? undefined : { same: sums.same, rows: sums.rows },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function addDifference(sums: Sums, expected: Tensor, actual: Tensor | undefined): void {
  if (expected.dtype === 'string' || actual === undefined || actual.dtype === 'string') return;
  if (!isFloatDType(expected.dtype)) return;
  const [a, b] = [toDoubles(actual), toDoubles(expected)];
  for (let i = 0; i < b.length; i++) {
    sums.difference += (a[i]! - b[i]!) ** 2;
    sums.size += b[i]! ** 2;
  }
  const width = expected.shape.at(-1) ?? 1;
  if (expected.shape.length !== 2 || width < 2) return;
  for (let at = 0; at < b.length; at += width) {
    sums.rows++;
    if (largest(a, at, width) === largest(b, at, width)) sums.same++;
  }
}

function largest(values: ArrayLike<number>, from: number, width: number): number {
  let best = from;
  for (let i = from + 1; i < from + width; i++) if (values[i]! > values[best]!) best = i;
  return best - from;
}

/** One line for people. */
export function formatMeasurement(measured: Measurement): string {
  const { signature, floatMs, changedMs, error, top1 } = measured;
  const scores = top1 === undefined ? '' : `, same top score in ${top1.same} of ${top1.rows} rows`;
  return (
    `${signature}: ${changedMs.toFixed(2)} ms, ${(floatMs / changedMs).toFixed(2)} times as fast as float ` +
    `(${floatMs.toFixed(2)} ms); error ${(error * 100).toPrecision(2)} % (relative L2)${scores}`
  );
}

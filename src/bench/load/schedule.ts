import { TfdeployError } from '../../base/error.js';
import { createRandom, type Random } from '../random.js';

/** How arrivals are spread; `constant` is evenly spaced, `poisson` is what independent users do. */
export const ARRIVALS = {
  constant: planConstant,
  poisson: planPoisson,
} as const satisfies Record<string, PlanArrivals>;

export type ArrivalsName = keyof typeof ARRIVALS;

export interface ScheduleOptions {
  readonly arrivals: ArrivalsName;
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly seed: number;
}

/** When each request is meant to leave, fixed before the run; nothing that happens later changes it. */
export interface Schedule extends ScheduleOptions {
  /** Ascending offsets from the start of the phase, each in [0, durationMs). */
  readonly offsetsMs: Float64Array;
}

/** Above this the offsets alone would take more than 400 MB. */
const MAX_REQUESTS = 50_000_000;

type PlanArrivals = (gapMs: number, durationMs: number, random: Random) => Float64Array;

/** Plans the arrivals of one phase; equal options give equal offsets. TFD_USAGE above 50 million requests. */
export function planSchedule(options: ScheduleOptions): Schedule {
  const expected = (options.ratePerSecond * options.durationMs) / 1e3;
  if (!(expected <= MAX_REQUESTS)) {
    throw new TfdeployError('TFD_USAGE', `a schedule of ${Math.round(expected)} requests is too long`, {
      hint: `lower the rate or the duration: at most ${MAX_REQUESTS} requests are planned ahead`,
    });
  }
  const plan = ARRIVALS[options.arrivals];
  return {
    ...options,
    offsetsMs: plan(1e3 / options.ratePerSecond, options.durationMs, createRandom(options.seed)),
  };
}

/** A random phase keeps the stream from locking to anything else that ticks on the machine. */
function planConstant(gapMs: number, durationMs: number, random: Random): Float64Array {
  const phase = random();
  const count = Math.max(0, Math.ceil(durationMs / gapMs - phase - 1e-9));
  const offsetsMs = new Float64Array(count);
  for (let index = 0; index < count; index++) offsetsMs[index] = (index + phase) * gapMs;
  return offsetsMs;
}

function planPoisson(gapMs: number, durationMs: number, random: Random): Float64Array {
  const expected = durationMs / gapMs;
  let offsetsMs = new Float64Array(Math.ceil(expected + 6 * Math.sqrt(expected) + 16));
  let count = 0;
  for (let at = nextGap(gapMs, random); at < durationMs; at += nextGap(gapMs, random)) {
    if (count === offsetsMs.length) {
      const longer = new Float64Array(count * 2);
      longer.set(offsetsMs);
      offsetsMs = longer;
    }
    offsetsMs[count++] = at;
  }
  return offsetsMs.slice(0, count);
}

function nextGap(gapMs: number, random: Random): number {
  return -Math.log(random()) * gapMs;
}

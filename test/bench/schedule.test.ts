import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSchedule } from '../../src/bench/load/schedule.js';
import { SegmentCursor } from '../../src/bench/load/segments.js';

/** Variance over mean of the arrivals per 10 ms. */
function dispersion(offsetsMs: Float64Array, durationMs: number): number {
  const counts = new Array<number>(durationMs / 10).fill(0);
  for (const offset of offsetsMs) counts[Math.floor(offset / 10)]!++;
  const mean = offsetsMs.length / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1) / mean;
}

describe('planSchedule', () => {
  it('plans exactly rate x duration requests at a constant rate, evenly spaced', () => {
    const { offsetsMs } = planSchedule({
      arrivals: 'constant',
      ratePerSecond: 500,
      durationMs: 10_000,
      seed: 3,
    });
    expect(offsetsMs.length).toBe(5000);
    for (let index = 1; index < offsetsMs.length; index++) {
      expect(offsetsMs[index]! - offsetsMs[index - 1]!).toBeCloseTo(2, 6);
    }
    expect(dispersion(offsetsMs, 10_000)).toBeLessThan(0.01);
  });

  it.each([1, 2, 3])('spreads Poisson arrivals as chance does (seed %i)', (seed) => {
    const durationMs = 100_000;
    const { offsetsMs } = planSchedule({ arrivals: 'poisson', ratePerSecond: 500, durationMs, seed });
    expect(Math.abs(offsetsMs.length - 50_000)).toBeLessThan(4 * Math.sqrt(50_000));
    const index = dispersion(offsetsMs, durationMs);
    expect(index).toBeGreaterThan(0.94);
    expect(index).toBeLessThan(1.06);
    const gaps = Array.from(offsetsMs, (offset, at) => offset - (at === 0 ? 0 : offsetsMs[at - 1]!));
    const share = (limit: number): number => gaps.filter((gap) => gap > limit).length / gaps.length;
    for (const limit of [1, 2, 4, 8]) {
      const expected = Math.exp(-limit / 2);
      const deviation = Math.sqrt((expected * (1 - expected)) / gaps.length);
      expect(Math.abs(share(limit) - expected)).toBeLessThan(4 * deviation);
    }
  });

  it('gives ascending offsets within the phase, the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('constant' as const, 'poisson' as const),
        fc.double({ min: 0.1, max: 5_000, noNaN: true }),
        fc.integer({ min: 1, max: 3_000 }),
        fc.nat(),
        (arrivals, ratePerSecond, durationMs, seed) => {
          const options = { arrivals, ratePerSecond, durationMs, seed };
          const { offsetsMs } = planSchedule(options);
          expect(planSchedule(options).offsetsMs).toEqual(offsetsMs);
          expect(
            offsetsMs.every((offset, at) => offset >= (offsetsMs[at - 1] ?? 0) && offset < durationMs),
          ).toBe(true);
        },
      ),
    );
  });

  it('refuses a schedule that does not fit into memory', () => {
    expect(() =>
      planSchedule({ arrivals: 'poisson', ratePerSecond: 1e9, durationMs: 60_000, seed: 1 }),
    ).toThrow(/too long/);
  });
});

describe('SegmentCursor', () => {
  it('walks segments in order and takes over the ones that are added later', () => {
    const cursor = new SegmentCursor();
    expect(cursor.peekMs()).toBeUndefined();
    cursor.add({ startMs: 100, offsetsMs: Float64Array.of(1, 2) });
    cursor.add({ startMs: 200, offsetsMs: Float64Array.of() });
    cursor.add({ startMs: 300, offsetsMs: Float64Array.of(5) });
    expect(cursor.peekMs()).toBe(101);
    expect(cursor.take().index).toBe(0);
    expect(cursor.skipDue(102)).toBe(true);
    expect(cursor.skipDue(102)).toBe(false);
    expect(cursor.peekMs()).toBe(305);
    expect(cursor.take().segment.startMs).toBe(300);
    expect(cursor.peekMs()).toBeUndefined();
    cursor.add({ startMs: 400, offsetsMs: Float64Array.of(0) });
    expect(cursor.peekMs()).toBe(400);
  });
});

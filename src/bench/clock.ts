const originMs = readOriginMs();

/** Milliseconds on the machine's monotonic clock; its zero is the same in every thread, unlike `performance.now`. */
export function monotonicMs(): number {
  return performance.now() + originMs;
}

/** Both clocks are read many times, since the thread may be interrupted between two readings. */
function readOriginMs(): number {
  let least = Number.POSITIVE_INFINITY;
  let origin = 0;
  for (let round = 0; round < 50; round++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now();
    if (after - before < least) {
      least = after - before;
      origin = seconds * 1e3 + nanoseconds / 1e6 - (before + after) / 2;
    }
  }
  return origin;
}

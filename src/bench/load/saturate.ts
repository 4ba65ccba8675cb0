import { driveClosedLoop } from './closed-loop.js';
import type { DriveOptions } from './drive.js';
import { createRecorder } from './recorder.js';

export interface Probe {
  readonly concurrency: number;
  readonly okPerSecond: number;
}

const PROBE_MS = 1_000;
/** Below this many answers per second a probe takes longer, or chance would decide. */
const SLOW_PER_SECOND = 50;
const SLOW_PROBE_MS = 3_000;
const PROBE_WARM_UP_MS = 300;
const MOST_CONCURRENCY = 512;
const LEAST_GAIN = 1.05;

/**
 * Doubles the requests on their way until two steps in a row answer less than 5 % more than the best before
 * them. One step without gain is not the end: batching can need several requests to show.
 */
export async function findConcurrency(options: DriveOptions): Promise<Probe[]> {
  const probes: Probe[] = [];
  let best = 0;
  let idle = 0;
  for (let concurrency = 1; concurrency <= MOST_CONCURRENCY && idle < 2; concurrency *= 2) {
    if (options.signal.aborted) break;
    const durationMs = best > 0 && best < SLOW_PER_SECOND ? SLOW_PROBE_MS : PROBE_MS;
    const recorder = createRecorder(1, durationMs);
    const { measuredMs } = await driveClosedLoop({
      ...options,
      recorder,
      concurrency,
      durationMs,
      warmUp: { kind: 'fixed', durationMs: PROBE_WARM_UP_MS },
      onPhase() {},
    });
    const okPerSecond = measuredMs > 0 ? (recorder.ok / measuredMs) * 1e3 : 0;
    probes.push({ concurrency, okPerSecond });
    if (okPerSecond > best * LEAST_GAIN) {
      best = okPerSecond;
      idle = 0;
    } else {
      idle++;
    }
  }
  return probes;
}

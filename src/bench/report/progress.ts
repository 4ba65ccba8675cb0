import { createHistogram, quantileMs, recordMs, resetHistogram } from '../stats/histogram.js';
import { formatMs, formatRate } from '../units.js';
import type { Outcome } from '../wire/shot.js';

/** One line that tells how a run goes, redrawn in place. */
export interface Progress {
  onOutcome(outcome: Outcome): void;
  onPhase(text: string): void;
  /** Redraws at most twice a second. */
  onTick(nowMs: number, inFlight: number): void;
  clear(): void;
}

const REDRAW_MS = 500;

/** Writes to a terminal through `write`. */
export function createProgress(write: (text: string) => void): Progress {
  const recent = createHistogram();
  let failed = 0;
  let total = 0;
  let phase = 'warm-up';
  let drawnMs = Number.NaN;
  const draw = (nowMs: number, inFlight: number): void => {
    const rate = (recent.count / Math.max(1, nowMs - drawnMs)) * 1e3;
    const quantiles = [0.5, 0.99].map((p) => formatMs(quantileMs(recent, p) ?? 0));
    const errors = failed === 0 ? '' : `  ${failed} failed`;
    write(
      `\r\u001b[2K${phase.padEnd(8)} ${formatRate(rate)}/s  p50 ${quantiles[0]}  p99 ${quantiles[1]}  ` +
        `${inFlight} on their way  ${total} done${errors}`,
    );
  };
  return {
    onOutcome({ failure, doneMs, shot }) {
      total++;
      if (failure === undefined) recordMs(recent, doneMs - shot.intendedMs);
      else failed++;
    },
    onPhase(text) {
      phase = text;
    },
    onTick(nowMs, inFlight) {
      if (Number.isNaN(drawnMs)) drawnMs = nowMs;
      if (nowMs - drawnMs < REDRAW_MS) return;
      draw(nowMs, inFlight);
      drawnMs = nowMs;
      resetHistogram(recent);
    },
    clear() {
      write('\r\u001b[2K');
    },
  };
}

/** For runs that nobody watches. */
export const SILENT_PROGRESS: Progress = {
  onOutcome() {},
  onPhase() {},
  onTick() {},
  clear() {},
};

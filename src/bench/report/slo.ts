import { TfdeployError } from '../../base/error.js';
import { countAboveUs, type Histogram } from '../stats/histogram.js';
import { confidenceWithin, leastSamples } from '../stats/inference.js';
import { parseDurationMs } from '../units.js';

/** A promise to check: a latency quantile, the slowest answer, or the share of failures. */
export type Slo =
  | { readonly kind: 'quantile'; readonly text: string; readonly p: number; readonly limitMs: number }
  | { readonly kind: 'max'; readonly text: string; readonly limitMs: number }
  | { readonly kind: 'errors'; readonly text: string; readonly limitShare: number };

export interface SloResult {
  readonly slo: string;
  /** `unknown`: too few requests for the quantile. */
  readonly verdict: 'met' | 'missed' | 'unknown';
  /** Requests that broke the limit (failed ones always do). */
  readonly violations: number;
  /** How many may, for a quantile. */
  readonly allowed: number | undefined;
  /** How sure the quantile is within the limit, were the run repeated for ever. */
  readonly confidence: number | undefined;
  readonly needsRequests: number | undefined;
}

const HINT = 'write p99=50ms, p99.9=80ms, max=1s or errors=0.1%';

/** `p99=50ms,errors=0.1%` as promises. TFD_USAGE for anything else. */
export function parseSlos(text: string): Slo[] {
  return text.split(',').map((part) => parseSlo(part.trim()));
}

function parseSlo(text: string): Slo {
  const [name, limit, more] = text.split('=');
  if (name === undefined || limit === undefined || more !== undefined) throw refuse(text);
  if (name === 'max') return { kind: 'max', text, limitMs: parseDurationMs(limit, '--slo') };
  if (name === 'errors') {
    const share = /^(\d+(?:\.\d+)?)%$/.exec(limit);
    if (share === null || Number(share[1]) > 100) throw refuse(text);
    return { kind: 'errors', text, limitShare: Number(share[1]) / 100 };
  }
  const quantile = /^p(\d{1,2}(?:\.\d{1,3})?)$/.exec(name);
  if (quantile === null || Number(quantile[1]) <= 0) throw refuse(text);
  return {
    kind: 'quantile',
    text,
    p: Number((Number(quantile[1]) / 100).toFixed(7)),
    limitMs: parseDurationMs(limit, '--slo'),
  };
}

function refuse(text: string): TfdeployError {
  return new TfdeployError('TFD_USAGE', `--slo: '${text}' is not understood`, { hint: HINT });
}

/** Checks one promise. A failed request is slower than any limit. */
export function checkSlo(slo: Slo, response: Histogram, failed: number): SloResult {
  const count = response.count + failed;
  if (slo.kind === 'errors') {
    const isMet = count > 0 && failed <= slo.limitShare * count;
    return result(slo, count === 0 ? 'unknown' : isMet ? 'met' : 'missed', failed, undefined, undefined);
  }
  const violations = countAboveUs(response, Math.round(slo.limitMs * 1e3)) + failed;
  if (slo.kind === 'max') {
    return result(
      slo,
      count === 0 ? 'unknown' : violations === 0 ? 'met' : 'missed',
      violations,
      0,
      undefined,
    );
  }
  const allowed = Math.floor((1 - slo.p) * count + 1e-9);
  const confidence = confidenceWithin(slo.p, count, violations);
  if (violations > allowed) return result(slo, 'missed', violations, allowed, confidence);
  const needs = leastSamples(slo.p);
  if (count < needs)
    return { ...result(slo, 'unknown', violations, allowed, confidence), needsRequests: needs };
  return result(slo, 'met', violations, allowed, confidence);
}

function result(
  { text }: Slo,
  verdict: SloResult['verdict'],
  violations: number,
  allowed: number | undefined,
  confidence: number | undefined,
): SloResult {
  return { slo: text, verdict, violations, allowed, confidence, needsRequests: undefined };
}

import type { ClientLoad } from '../load/client-load.js';
import type { DriveResult } from '../load/drive.js';
import type { Recorder } from '../load/recorder.js';
import { encodeHistogram, quantileMs } from '../stats/histogram.js';
import { medianSlope } from '../stats/inference.js';
import type { FailureKind } from '../wire/shot.js';
import { type LatencySummary, summarize } from './quantiles.js';
import { checkSlo, type Slo, type SloResult } from './slo.js';
import { judge, type Verdict } from './verdict.js';

/** Raised when a field changes its meaning or goes away; new fields do not raise it. */
export const REPORT_SCHEMA = 'tfdeploy.bench/1';

export interface TargetReport {
  readonly url: string;
  readonly model: string | null;
  readonly signature: string | null;
  /** Start of the server to its readiness, where the run started it itself. */
  readonly serverReadyMs: number | null;
  readonly isLocal: boolean;
}

export interface PayloadReport {
  readonly source: 'signature' | 'file';
  readonly about: string;
  readonly distinct: number;
  readonly meanBytes: number;
  readonly rows: number | null;
  readonly sha256: string;
}

export type LoadReport =
  | {
      readonly mode: 'open';
      readonly arrivals: 'constant' | 'poisson';
      readonly qps: number;
      readonly seed: number;
      readonly durationMs: number;
      readonly timeoutMs: number;
    }
  | {
      readonly mode: 'closed';
      readonly concurrency: number;
      readonly durationMs: number;
      readonly timeoutMs: number;
      /** What was tried to find the concurrency, for `--qps max`. */
      readonly probes: readonly { readonly concurrency: number; readonly okPerSecond: number }[];
    };

/** What `tfdeploy bench --json` prints. All times in milliseconds unless the name says otherwise. */
export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly tool: { readonly name: 'tfdeploy'; readonly version: string };
  readonly startedAt: string;
  readonly target: TargetReport;
  readonly load: LoadReport;
  readonly payload: PayloadReport;
  readonly warmUp: { readonly durationMs: number; readonly isSettled: boolean | null };
  readonly measuredMs: number;
  readonly requests: {
    readonly planned: number;
    readonly sent: number;
    readonly ok: number;
    readonly failed: number;
    readonly failedShare: number;
  };
  readonly rate: {
    readonly offeredPerSecond: number;
    readonly sentPerSecond: number;
    /** 2xx answers that came within the measured phase. */
    readonly okPerSecond: number;
    readonly rowsPerSecond: number | null;
  };
  readonly latency: {
    /** From the intended send time; failed requests count as slower than every answer. */
    readonly response: LatencySummary;
    /** From the moment the bytes were sent; answered requests only. */
    readonly service: LatencySummary;
    /** How late the generator turned to a request. */
    readonly sendLag: LatencySummary;
    readonly connectionWait: LatencySummary;
  };
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: readonly {
    readonly kind: FailureKind;
    readonly status: number;
    readonly count: number;
    readonly first: string;
  }[];
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly generator: ClientLoad & { readonly peakConnections: number };
  readonly slo: readonly SloResult[];
  readonly verdict: Verdict;
  readonly exitStatus: number;
  readonly windows: readonly {
    readonly startMs: number;
    readonly planned: number;
    readonly ok: number;
    readonly failed: number;
    readonly p50Ms: number | null;
    readonly maxMs: number | null;
    readonly inFlight: number | null;
  }[];
  /** Filled buckets as [highest value in µs, count, …]. */
  readonly histograms: {
    readonly unit: 'us';
    readonly response: readonly number[];
    readonly service: readonly number[];
  };
  readonly notes: readonly string[];
}

export interface ReportParts {
  readonly version: string;
  readonly startedAt: string;
  readonly target: TargetReport;
  readonly load: LoadReport;
  readonly payload: PayloadReport;
  readonly recorder: Recorder;
  readonly drive: DriveResult;
  readonly client: ClientLoad;
  readonly slos: readonly Slo[];
  readonly notes: readonly string[];
}

/** Exit statuses of `bench` beside those of every command (64 usage, 65 input, 69 unreachable, 1 bug). */
export const EXIT = { ok: 0, sloMissed: 2, invalid: 3, unsteady: 4, interrupted: 130 } as const;

/** Everything a run has to say, from what was recorded. Pure. */
export function buildReport(parts: ReportParts): Report {
  const { recorder, drive, client, load } = parts;
  const failed = recorder.failed;
  const response = summarize(recorder.response, failed, recorder.windows);
  const slo = parts.slos.map((one) => checkSlo(one, recorder.response, failed));
  const inFlight = recorder.windows.map(meanInFlight);
  const seen = inFlight.filter((value) => value !== null);
  const limits = parts.slos.flatMap((one) => (one.kind === 'errors' ? [] : [one.limitMs]));
  const verdict = judge({
    mode: load.mode,
    planned: drive.planned,
    issued: drive.issued,
    ok: recorder.ok,
    failed,
    lagP50Ms: quantileMs(recorder.lag, 0.5) ?? 0,
    lagP99Ms: quantileMs(recorder.lag, 0.99) ?? 0,
    responseP50Ms: quantileMs(recorder.response, 0.5),
    responseP99Ms: quantileMs(recorder.response, 0.99),
    sloMs: limits.length === 0 ? undefined : Math.min(...limits),
    loopShare: client.loopShare,
    localFailures: [...recorder.failures.values()]
      .filter(({ kind }) => kind === 'local')
      .reduce((sum, { count }) => sum + count, 0),
    stealShare: client.stealShare,
    gcMaxMs: client.gcMaxMs,
    backlogGrowth: medianSlope(seen) * Math.max(0, seen.length - 1),
    hasSettled: drive.isSettled,
    isInterrupted: drive.isInterrupted,
    isSharingMachine: parts.target.isLocal,
  });
  const measuredMs = drive.measuredMs;
  const perSecond = (count: number, ms: number): number => (ms > 0 ? (count / ms) * 1e3 : 0);
  const okPerSecond = perSecond(recorder.answeredWithin, measuredMs);
  const total = recorder.ok + failed;
  return {
    schema: REPORT_SCHEMA,
    tool: { name: 'tfdeploy', version: parts.version },
    startedAt: parts.startedAt,
    target: parts.target,
    load,
    payload: parts.payload,
    warmUp: { durationMs: drive.warmUpMs, isSettled: drive.isSettled ?? null },
    measuredMs,
    requests: {
      planned: drive.planned,
      sent: drive.issued,
      ok: recorder.ok,
      failed,
      failedShare: total === 0 ? 0 : failed / total,
    },
    rate: {
      offeredPerSecond: perSecond(drive.planned, load.durationMs),
      sentPerSecond: perSecond(drive.issued, measuredMs),
      okPerSecond,
      rowsPerSecond: parts.payload.rows === null ? null : okPerSecond * parts.payload.rows,
    },
    latency: {
      response,
      service: summarize(recorder.service),
      sendLag: summarize(recorder.lag),
      connectionWait: summarize(recorder.wait),
    },
    statuses: Object.fromEntries([...recorder.statuses].sort(([a], [b]) => a - b)),
    failures: [...recorder.failures.values()]
      .sort((a, b) => b.count - a.count)
      .map(({ kind, status, count, text }) => ({ kind, status, count, first: text })),
    bytes: { sent: recorder.bytesSent, received: recorder.bytesReceived },
    generator: { ...client, peakConnections: drive.peakConnections },
    slo,
    verdict,
    exitStatus: chooseExit(verdict, slo),
    windows: recorder.windows.map((window, index) => ({
      startMs: index * recorder.windowMs,
      planned: window.planned,
      ok: window.ok,
      failed: window.failed,
      p50Ms: quantileMs(window.response, 0.5) ?? null,
      maxMs: window.response.count === 0 ? null : window.response.maxUs / 1e3,
      inFlight: inFlight[index] ?? null,
    })),
    histograms: {
      unit: 'us',
      response: encodeHistogram(recorder.response),
      service: encodeHistogram(recorder.service),
    },
    notes: parts.notes,
  };
}

function meanInFlight(window: { inFlightSum: number; inFlightSamples: number }): number | null {
  return window.inFlightSamples === 0 ? null : window.inFlightSum / window.inFlightSamples;
}

/** An untrusted run says nothing about a promise, so that it comes first. */
function chooseExit(verdict: Verdict, slo: readonly SloResult[]): number {
  if (verdict.reasons.some(({ code }) => code === 'interrupted')) return EXIT.interrupted;
  if (verdict.status === 'INVALID') return EXIT.invalid;
  if (slo.some(({ verdict: one }) => one === 'missed')) return EXIT.sloMissed;
  if (verdict.stability === 'UNSTEADY' || slo.some(({ verdict: one }) => one === 'unknown'))
    return EXIT.unsteady;
  return EXIT.ok;
}

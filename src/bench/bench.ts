import { createHash } from 'node:crypto';
import { TfdeployError } from '../base/error.js';
import { monotonicMs } from './clock.js';
import { type ClientLoad, watchClientLoad } from './load/client-load.js';
import { driveClosedLoop } from './load/closed-loop.js';
import type { DriveOptions, DriveResult } from './load/drive.js';
import { driveOpenLoop } from './load/open-loop.js';
import { createRecorder, planWindows, type Recorder } from './load/recorder.js';
import { findConcurrency, type Probe } from './load/saturate.js';
import type { ArrivalsName } from './load/schedule.js';
import type { WarmUp } from './load/warm-up.js';
import type { Payloads } from './payload/make.js';
import type { Progress } from './report/progress.js';
import { buildReport, type LoadReport, type Report } from './report/report.js';
import type { Slo } from './report/slo.js';
import type { Target } from './target.js';
import { fileDescriptorLimit } from './wire/limits.js';
import { writeRequest } from './wire/request.js';

export type Load =
  | { readonly kind: 'open'; readonly qps: number; readonly arrivals: ArrivalsName }
  | { readonly kind: 'closed'; readonly concurrency: number }
  /** A closed loop whose concurrency is raised until the server gives no more. */
  | { readonly kind: 'max' };

export interface BenchPlan {
  readonly version: string;
  readonly target: Target;
  readonly signature: string | null;
  readonly serverReadyMs: number | null;
  readonly isLocal: boolean;
  readonly payloads: Payloads;
  readonly headers: readonly (readonly [string, string])[];
  readonly load: Load;
  readonly seed: number;
  readonly durationMs: number;
  readonly warmUp: WarmUp;
  readonly timeoutMs: number;
  /** Undefined is as many as it takes, within what the system allows. */
  readonly maxConnections: number | undefined;
  readonly slos: readonly Slo[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MOST_CONNECTIONS = 1_024;
/** Descriptors the process needs for itself. */
const SPARE_DESCRIPTORS = 64;

/** Runs one load test. Failures of requests are part of the report; only what prevents a run throws. */
export async function runBench(plan: BenchPlan): Promise<Report> {
  const { payloads, target, progress } = plan;
  const requests = payloads.bodies.map((body) => writeRequest(target.host, target.path, plan.headers, body));
  const startedAt = new Date().toISOString();
  const { count, windowMs } = planWindows(plan.durationMs);
  const recorder = createRecorder(count, windowMs);
  let stopWatching: (() => ClientLoad) | undefined;
  let client: ClientLoad | undefined;
  const options: DriveOptions = {
    pool: {
      address: target.address,
      requests,
      maxConnections: plan.maxConnections ?? autoConnections(),
      timeoutMs: plan.timeoutMs,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    },
    durationMs: plan.durationMs,
    warmUp: plan.warmUp,
    recorder,
    signal: plan.signal,
    onPhase(phase) {
      progress.onPhase(phase);
      if (phase === 'measure') stopWatching = watchClientLoad();
      else client ??= stopWatching?.();
    },
    onOutcome: (outcome) => progress.onOutcome(outcome),
    onTick: (pool) => progress.onTick(monotonicMs(), pool.inFlight),
  };
  progress.onPhase('warm-up');
  let driven: { drive: DriveResult; load: LoadReport };
  try {
    driven = await drive(plan, options);
  } finally {
    progress.clear();
  }
  client ??= stopWatching?.();
  if (client === undefined) {
    throw new TfdeployError('TFD_UNAVAILABLE', 'the run was stopped before anything was measured');
  }
  return report(plan, { ...driven, recorder, client, startedAt, requests });
}

/** Sends by the plan's load; a closed loop with no concurrency given looks for one first. */
async function drive(
  plan: BenchPlan,
  options: DriveOptions,
): Promise<{ drive: DriveResult; load: LoadReport }> {
  const { load, seed, durationMs, timeoutMs } = plan;
  if (load.kind === 'open') {
    const { arrivals, qps } = load;
    const result = await driveOpenLoop({ ...options, ratePerSecond: qps, arrivals, seed });
    return { drive: result, load: { mode: 'open', arrivals, qps, seed, durationMs, timeoutMs } };
  }
  let probes: readonly Probe[] = [];
  if (load.kind === 'max') {
    plan.progress.onPhase('search');
    probes = await findConcurrency(options);
    plan.progress.onPhase('warm-up');
  }
  const concurrency = load.kind === 'closed' ? load.concurrency : bestOf(probes);
  const result = await driveClosedLoop({ ...options, concurrency });
  return { drive: result, load: { mode: 'closed', concurrency, durationMs, timeoutMs, probes } };
}

/** The fewest requests on their way that reach what the most do: more would only wait longer. */
function bestOf(probes: readonly Probe[]): number {
  const most = Math.max(...probes.map(({ okPerSecond }) => okPerSecond));
  return probes.find(({ okPerSecond }) => okPerSecond >= 0.98 * most)?.concurrency ?? 1;
}

function autoConnections(): number {
  return Math.max(16, Math.min(MOST_CONNECTIONS, fileDescriptorLimit() - SPARE_DESCRIPTORS));
}

interface Result {
  readonly drive: DriveResult;
  readonly load: LoadReport;
  readonly recorder: Recorder;
  readonly client: ClientLoad;
  readonly startedAt: string;
  readonly requests: readonly Buffer[];
}

function report(plan: BenchPlan, result: Result): Report {
  const { target, payloads } = plan;
  const hash = createHash('sha256');
  for (const body of payloads.bodies) hash.update(body);
  const bytes = payloads.bodies.reduce((sum, body) => sum + body.length, 0);
  return buildReport({
    ...result,
    version: plan.version,
    target: {
      url: target.url,
      model: target.model ?? null,
      signature: plan.signature,
      serverReadyMs: plan.serverReadyMs,
      isLocal: plan.isLocal,
    },
    payload: {
      source: payloads.source,
      about: payloads.about,
      distinct: payloads.bodies.length,
      meanBytes: bytes / payloads.bodies.length,
      rows: payloads.rows ?? null,
      sha256: hash.digest('hex'),
    },
    slos: plan.slos,
    notes: payloads.notes,
  });
}

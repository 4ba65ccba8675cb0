// A load generator in a process of its own: node generator.mjs PLAN.json prints the result as JSON.
// PLAN: {url, requests: [{path, body | bodyFile, headers, group}], seconds, warmUpSeconds, sloMs, timeoutMs, maxConnections, seed,
//        and ratePerSecond (open loop, Poisson) or concurrency (closed loop)}
import { readFileSync } from 'node:fs';
import { watchClientLoad } from '../../dist/bench/load/client-load.js';
import { driveClosedLoop } from '../../dist/bench/load/closed-loop.js';
import { driveOpenLoop } from '../../dist/bench/load/open-loop.js';
import { createRecorder, planWindows } from '../../dist/bench/load/recorder.js';
import { createHistogram, quantileMs, recordMs } from '../../dist/bench/stats/histogram.js';
import { writeRequest } from '../../dist/bench/wire/request.js';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { hostname, port, host } = new URL(plan.url);
const durationMs = plan.seconds * 1e3;
const { count, windowMs } = planWindows(durationMs);
const recorder = createRecorder(count, windowMs);
const refused = createHistogram();
const answered = createHistogram();
const inTimeByWindow = new Array(count).fill(0);
let inTime = 0;
/** Answers and failures of the requests that carry one name. */
const groups = new Map(
  plan.requests.map(({ group = '' }) => [group, { ok: 0, failed: 0, histogram: createHistogram() }]),
);
let stopWatching;
let load;
let measureStartMs = Number.POSITIVE_INFINITY;

const isClosed = plan.concurrency !== undefined;
const drive = isClosed ? driveClosedLoop : driveOpenLoop;
const options = {
  pool: {
    address: { host: hostname, port: Number(port) },
    requests: plan.requests.map(({ path, body, bodyFile, headers = {} }) =>
      writeRequest(
        host,
        path,
        Object.entries(headers),
        body === undefined ? readFileSync(bodyFile) : Buffer.from(body),
      ),
    ),
    maxConnections: plan.maxConnections ?? 512,
    timeoutMs: plan.timeoutMs ?? 10_000,
    connectTimeoutMs: 5_000,
  },
  durationMs,
  warmUp: { kind: 'fixed', durationMs: (plan.warmUpSeconds ?? 1) * 1e3 },
  recorder,
  signal: new AbortController().signal,
  concurrency: plan.concurrency,
  ratePerSecond: plan.ratePerSecond,
  arrivals: 'poisson',
  seed: plan.seed ?? 1,
  onPhase(phase) {
    if (phase === 'measure') {
      stopWatching ??= watchClientLoad();
      measureStartMs = performance.now();
    } else load ??= stopWatching?.();
  },
  onOutcome({ shot, failure, status, doneMs }) {
    if (isClosed ? !(performance.now() >= measureStartMs) : shot.window < 0) return;
    // From the first byte sent: how long a refusal waited in the generator is not the server's doing.
    if (status === 429 || status === 503) recordMs(refused, doneMs - shot.sentMs);
    const group = groups.get(plan.requests[shot.payload].group ?? '');
    if (failure !== undefined) {
      group.failed++;
      return;
    }
    const ms = doneMs - shot.intendedMs;
    recordMs(answered, ms);
    group.ok++;
    recordMs(group.histogram, ms);
    if (ms > (plan.sloMs ?? Number.POSITIVE_INFINITY)) return;
    inTime++;
    inTimeByWindow[Math.max(0, Math.min(count - 1, shot.window))]++;
  },
  onTick() {},
};
const run = await drive(options);
load ??= stopWatching?.();
const seconds = run.measuredMs / 1e3;
const quantilesOf = (histogram) =>
  histogram.count === 0
    ? null
    : Object.fromEntries([0.5, 0.9, 0.99, 0.999].map((q) => [`p${q * 100}`, quantileMs(histogram, q)]));
process.stdout.write(
  JSON.stringify({
    seconds,
    planned: run.planned,
    issued: run.issued,
    ok: recorder.ok,
    okPerSecond: (isClosed ? recorder.answeredWithin : recorder.ok) / seconds,
    inTime,
    goodput: inTime / seconds,
    goodputByWindow: inTimeByWindow.map((each) => Math.round(each / (windowMs / 1e3))),
    failed: recorder.failed,
    statuses: Object.fromEntries(recorder.statuses),
    failures: [...recorder.failures.values()],
    answeredMs: quantilesOf(answered),
    refusedMs: quantilesOf(refused),
    groups: Object.fromEntries(
      [...groups].map(([name, { ok, failed, histogram }]) => [
        name,
        { ok, failed, ms: quantilesOf(histogram) },
      ]),
    ),
    lagMs: quantilesOf(recorder.lag),
    waitMs: quantilesOf(recorder.wait),
    peakConnections: run.peakConnections,
    generatorCores: load?.cpuCores,
  }),
);

// What is left of a server that is asked for more than it can do:
//   node benchmarks/overload/run.mjs [--models cnn,mobilenetv2] [--slo flag,header] [--slo-ms N] [--factors 1.5,3] [--seconds 4] [--rounds 2] [--json FILE]
// Finds the peak goodput (answers within the SLO, open loop), then offers multiples of it. Ends with status 1 when
// goodput under overload falls below 90 % of the peak, a refusal has no Retry-After, or more than 1 % of the requests
// get anything but an answer, 429 or 503 (504 is what a pause of the machine makes of requests that were let in).
import { parseArgs } from 'node:util';
import { ask, format, load, median, report } from '../load/load.mjs';
import { findModels } from '../load/models.mjs';
import { startServer, withCleanUp } from '../load/serve.mjs';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'cnn,mobilenetv2' },
    slo: { type: 'string', default: 'flag,header' },
    'slo-ms': { type: 'string' },
    factors: { type: 'string', default: '1.5,3' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(flags.seconds);
const FACTORS = flags.factors.split(',').map(Number);
/** What a caller of such a model might ask for. */
const SLO_MS = { digits: 50, toy: 50, mlp: 100, cnn: 200, mobilenetv2: 500 };
const PROBE_SHARES = [0.75, 1, 1.2];
const PROBE_PAUSE_MS = 50;
const MOST_RISES = 6;
const RISE = 1.4;
const SATURATED_SHARE = 0.95;
const LEAST_SHARE = 0.9;
const MOST_OTHERS = 0.01;

const results = [];
await withCleanUp(async () => {
  for (const model of findModels(flags.models.split(',')))
    for (const way of flags.slo.split(',')) results.push(await measure(model, way));
});

const rows = results.flatMap(({ model, way, sloMs, peak, overload }) =>
  overload.map((one) => [
    `${model}, SLO ${sloMs} ms by ${way}`,
    `${format(one.factor)} × ${format(peak.goodput)}`,
    format(one.share),
    Math.round(one.goodput),
    one.answeredMs === null ? '–' : `${format(one.answeredMs.p50)} / ${format(one.answeredMs.p99)}`,
    one.refusedMs === null ? '–' : `${format(one.refusedMs.p50)} / ${format(one.refusedMs.p99)}`,
    Object.entries(one.statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
    one.otherFailures,
    `${one.probe.withRetryAfter} of ${one.probe.refused}`,
    one.isPass ? 'yes' : 'NO',
  ]),
);
report({
  title: 'Goodput under overload (Poisson arrivals, generator on the same cores)',
  columns: [
    'model',
    'offered/s',
    'share of peak',
    'goodput/s',
    'answered p50 / p99 ms',
    'refused p50 / p99 ms',
    'statuses',
    'other failures',
    'Retry-After on refusals',
    'met',
  ],
  rows,
  result: results,
  file: flags.json,
});
process.exitCode = results.every(({ overload }) => overload.every(({ isPass }) => isPass)) ? 0 : 1;

async function measure(model, way) {
  const sloMs = Number(flags['slo-ms'] ?? SLO_MS[model.name] ?? 100);
  const server = await startServer([
    `${model.name}=${model.folder}`,
    ...(way === 'flag' ? ['--slo-ms', String(sloMs)] : []),
  ]);
  const request = {
    path: `/v1/models/${model.name}:predict`,
    body: model.body,
    headers: way === 'header' ? { 'x-tfdeploy-deadline-ms': String(sloMs) } : {},
  };
  const plan = { url: server.url, requests: [request], sloMs, seconds: SECONDS, timeoutMs: 5_000 };
  const offer = (ratePerSecond, seed) => load({ ...plan, ratePerSecond, seed });
  try {
    const closed = await load({ ...plan, concurrency: 16 });
    const probes = [];
    for (const share of PROBE_SHARES) {
      const one = await offer(closed.okPerSecond * share, 1);
      probes.push({ rate: closed.okPerSecond * share, ...one });
      say(model, way, `at ${format(closed.okPerSecond * share)}/s`, one);
    }
    // A closed loop can be far off on a machine that does other work: go on while everything offered is answered.
    for (let tries = 0; tries < MOST_RISES; tries++) {
      const last = probes.at(-1);
      if (last.goodput < SATURATED_SHARE * last.rate) break;
      const rate = RISE * last.rate;
      probes.push({ rate, ...(await offer(rate, 1)) });
      say(model, way, `at ${format(rate)}/s`, probes.at(-1));
    }
    const best = probes.reduce((a, b) => (b.goodput > a.goodput ? b : a));
    const peaks = [best];
    const runs = [];
    for (let round = 1; round <= Number(flags.rounds); round++) {
      for (const factor of FACTORS) {
        const stopProbing = startProbe(server.url, request);
        const one = await offer(factor * best.goodput, round + 1);
        runs.push({ factor, ...one, probe: await stopProbing() });
        say(model, way, `${factor} × peak`, one);
      }
      // Beside each round of overload, so that what else the machine does counts for both.
      const again = await offer(best.rate, round + 1);
      peaks.push(again);
      say(model, way, 'peak again', again);
    }
    const goodput = median(peaks.map((each) => each.goodput));
    const overload = FACTORS.map((factor) =>
      summarize(
        runs.filter((each) => each.factor === factor),
        goodput,
      ),
    );
    return {
      model: model.name,
      way,
      sloMs,
      closed,
      peak: { rate: best.rate, goodput },
      peaks,
      overload,
      runs,
    };
  } finally {
    await server.stop();
  }
}

function summarize(runs, peak) {
  const goodput = median(runs.map((each) => each.goodput));
  const statuses = {};
  let otherFailures = 0;
  for (const { statuses: own, failures } of runs) {
    for (const [status, count] of Object.entries(own)) statuses[status] = (statuses[status] ?? 0) + count;
    for (const { kind, status, count } of failures)
      if (kind !== 'status' || (status !== 429 && status !== 503)) otherFailures += count;
  }
  const probe = { sent: 0, refused: 0, withRetryAfter: 0, refusedMs: [] };
  for (const each of runs)
    for (const key of Object.keys(probe))
      probe[key] = Array.isArray(probe[key])
        ? [...probe[key], ...each.probe[key]]
        : probe[key] + each.probe[key];
  const share = goodput / peak;
  const others = otherFailures / runs.reduce((sum, { issued }) => sum + issued, 0);
  return {
    factor: runs[0].factor,
    goodput,
    share,
    answeredMs: worst(runs.map((each) => each.answeredMs)),
    refusedMs: worst(runs.map((each) => each.refusedMs)),
    statuses,
    otherFailures,
    probe,
    isPass: share >= LEAST_SHARE && others <= MOST_OTHERS && probe.withRetryAfter === probe.refused,
  };
}

function worst(all) {
  const given = all.filter((each) => each !== null);
  return given.length === 0 ? null : given.reduce((a, b) => (b.p99 > a.p99 ? b : a));
}

/** A client beside the load that reads the headers of its answers, which the generator does not keep. */
function startProbe(url, request) {
  const seen = { sent: 0, refused: 0, withRetryAfter: 0, refusedMs: [] };
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      try {
        const { status, headers, ms } = await ask(url, request);
        seen.sent++;
        if (status === 429 || status === 503) {
          seen.refused++;
          seen.refusedMs.push(ms);
          if (/^\d+$/.test(headers.get('retry-after') ?? '')) seen.withRetryAfter++;
        }
      } catch {
        // The generator counts what fails.
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS));
    }
  })();
  return async () => {
    isOver = true;
    await running;
    return seen;
  };
}

function say(model, way, what, one) {
  if (!flags.verbose) return;
  const { goodput, statuses, answeredMs, refusedMs, lagMs, waitMs, generatorCores, failures } = one;
  console.error(
    `${model.name} ${way} ${what}: goodput ${format(goodput)}`,
    JSON.stringify({ statuses, answeredMs, refusedMs, lagMs, waitMs, generatorCores, failures }),
  );
}

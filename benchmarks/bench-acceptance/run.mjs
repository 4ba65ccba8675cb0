// Proves what `tfdeploy bench` claims against servers of known behaviour:
//   node benchmarks/bench-acceptance/run.mjs [--runs 3] [--duration 10] [--json FILE] [--real-time]
// Every case is run several times and judged by its median, since a shared machine is noisy. Ends with status 1
// when a figure is out of its range. --real-time
// puts server and generator ahead of everything else (chrt), for a machine that has other work to do.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    duration: { type: 'string', default: '10' },
    json: { type: 'string' },
    'real-time': { type: 'boolean', default: false },
  },
});
const RUNS = Number(flags.runs);
const DURATION_S = Number(flags.duration);
const WARM_UP_S = 2;
const QPS = 500;
const WINDOW_MS = 10;
const CLI = fileURLToPath(new URL('../../bin/tfdeploy.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('./fixture-server.mjs', import.meta.url));

/** Figures and the range each has to be in. */
const CASES = [
  {
    name: 'fixed 20 ms server, constant arrivals',
    env: { DELAY_MS: '20' },
    arrivals: 'constant',
    figures: {
      'p50 ms': { low: 20, high: 21, of: ({ report }) => report.latency.response.quantiles.p50.ms },
      'index of dispersion': { low: 0, high: 0.1, of: ({ dispersion }) => dispersion },
    },
  },
  {
    name: 'fixed 20 ms server, Poisson arrivals',
    env: { DELAY_MS: '20' },
    arrivals: 'poisson',
    figures: {
      'p50 ms': { low: 20, high: 21, of: ({ report }) => report.latency.response.quantiles.p50.ms },
      'index of dispersion': { low: 0.9, high: 1.15, of: ({ dispersion }) => dispersion },
    },
  },
  {
    // A tenth of the requests meet the stall when the run lasts ten times as long.
    name: 'instant server with one stall of 1 s',
    env: { STALL_AT_MS: String((WARM_UP_S + 3) * 1e3), STALL_MS: '1000' },
    arrivals: 'constant',
    figures: {
      'p95 ms': { low: 450, high: 560, of: ({ report }) => report.latency.response.quantiles.p95.ms },
      'p99 ms': { low: 860, high: 950, of: ({ report }) => report.latency.response.quantiles.p99.ms },
      'requests not counted': {
        low: 0,
        high: 0,
        of: ({ report }) => QPS * DURATION_S - report.requests.ok - report.requests.failed,
      },
    },
  },
];

const folder = mkdtempSync(join(tmpdir(), 'bench-acceptance-'));
const input = join(folder, 'request.json');
writeFileSync(input, '{"instances":[[1,2,3,4]]}');
const results = [];
try {
  for (const { name, env, arrivals, figures } of CASES) {
    const runs = [];
    for (let seed = 1; seed <= RUNS; seed++) runs.push(await runOnce(env, arrivals, seed));
    const invalid = runs.filter(({ report }) => report.verdict.status !== 'VALID').length;
    console.log(`${name}${invalid === 0 ? '' : `  (${invalid} of ${RUNS} runs called themselves INVALID)`}`);
    for (const [figure, { low, high, of }] of Object.entries(figures)) {
      const all = runs.map(of);
      const value = median(all);
      const isPass = value >= low && value <= high;
      results.push({ case: name, figure, median: value, all, low, high, isPass });
      console.log(
        `  ${isPass ? 'PASS' : 'FAIL'}  ${figure.padEnd(22)} ${format(value).padStart(8)}  in [${low}, ${high}]  runs: ${all.map(format).join(' ')}`,
      );
    }
    const lag = runs.map(({ report }) => report.latency.sendLag.quantiles);
    console.log(
      `        send lag ms: p50 ${format(median(lag.map(({ p50 }) => p50.ms)))}, p99 ${format(median(lag.map(({ p99 }) => p99.ms)))}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(results, null, 2)}\n`);
const isPass = results.every((one) => one.isPass);
console.log(isPass ? 'PASS' : 'FAIL');
process.exitCode = isPass ? 0 : 1;

async function runOnce(env, arrivals, seed) {
  const server = start([process.execPath, FIXTURE], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { port } = await readReady(server);
    const args = [
      'bench',
      `http://127.0.0.1:${port}/v1/models/fixture`,
      ...['--qps', String(QPS), '--duration', `${DURATION_S}s`, '--warm-up', `${WARM_UP_S}s`],
      ...['--arrivals', arrivals, '--seed', String(seed), '--input', input, '--json'],
    ];
    const report = JSON.parse(await capture([process.execPath, CLI, ...args]));
    const seen = await (await fetch(`http://127.0.0.1:${port}/arrivals`)).json();
    return { report, dispersion: dispersionOf(seen) };
  } finally {
    server.kill('SIGTERM');
  }
}

function start(words, options) {
  const [command, ...args] = flags['real-time'] ? ['chrt', '-f', '5', ...words] : words;
  return spawn(command, args, options);
}

/** Variance over mean of the requests per 10 ms that the server saw in the measured phase. */
function dispersionOf(arrivals) {
  const startMs = arrivals[0] + WARM_UP_S * 1e3 + 50;
  const counts = new Array(Math.floor((DURATION_S * 1e3 - 100) / WINDOW_MS)).fill(0);
  for (const at of arrivals) {
    const window = Math.floor((at - startMs) / WINDOW_MS);
    if (window >= 0 && window < counts.length) counts[window]++;
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
  return variance / mean;
}

function readReady(child) {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the fixture ended with status ${code}`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
}

/** Standard output of a program; the exit status of `bench` is part of its report. */
function capture(words) {
  return new Promise((resolve, reject) => {
    const child = start(words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', () => resolve(text));
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function format(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

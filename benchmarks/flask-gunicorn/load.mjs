import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ask } from './contenders.mjs';

const CLI = fileURLToPath(new URL('../../bin/tfdeploy.js', import.meta.url));
const LUA = fileURLToPath(new URL('./post.lua', import.meta.url));
const CONCURRENCIES = [4, 16, 64];
const PROBE_S = 3;
const SLOW_PROBE_S = 20;
const MOST_SATURATION_S = 30;
const ENOUGH_REQUESTS = 100;
/** A p99 needs 299 requests; the rest is for chance. */
export const LEAST_REQUESTS = 320;
const MOST_LATENCY_S = 120;

export const HAS_WRK = spawnSync('wrk', ['-v']).error === undefined;

/**
 * Requests per second at saturation: the best of three concurrencies, then measured at that one, for longer
 * where a model is so slow that chance would decide.
 */
export async function measureSaturation(url, request, seconds) {
  const body = readFileSync(request);
  const saturate = async (...how) => {
    const result = await saturateAt(...how);
    // Requests that were given up still wait in the server's queue: this one is answered behind them.
    await ask(url, body);
    return result;
  };
  let best = { perSecond: 0 };
  for (const probeSeconds of [PROBE_S, SLOW_PROBE_S]) {
    for (const concurrency of CONCURRENCIES) {
      const probe = await saturate(url, request, concurrency, probeSeconds);
      if (probe.perSecond > best.perSecond) best = probe;
    }
    if (best.perSecond > 0) break;
  }
  if (best.perSecond === 0) throw new Error(`${url} answered nothing in ${SLOW_PROBE_S} s`);
  const enough = Math.min(MOST_SATURATION_S, Math.ceil(ENOUGH_REQUESTS / best.perSecond));
  return await saturate(url, request, best.concurrency, Math.max(seconds, enough));
}

/** Requests answered, their rate, and those that failed, at so many connections that always have one open. */
export function saturateAt(url, request, concurrency, seconds) {
  return (HAS_WRK ? saturateWithWrk : saturateWithBench)(url, request, concurrency, seconds);
}

async function saturateWithWrk(url, request, concurrency, seconds) {
  const args = [
    '-t',
    '1',
    '-c',
    String(concurrency),
    '-d',
    `${seconds}s`,
    '--timeout',
    '60s',
    '-s',
    LUA,
    url,
  ];
  const { text } = await capture('wrk', args, { BODY_FILE: request });
  const line = text.split('\n').find((one) => one.startsWith('RESULT '));
  if (line === undefined) throw new Error(`wrk said: ${text}`);
  const result = JSON.parse(line.slice('RESULT '.length));
  return {
    tool: 'wrk',
    concurrency,
    requests: result.requests - result.failed,
    perSecond: (result.requests - result.failed) / result.seconds,
    failed: result.failed,
  };
}

async function saturateWithBench(url, request, concurrency, seconds) {
  const report = await bench([
    url,
    '--concurrency',
    String(concurrency),
    '--duration',
    `${seconds}s`,
    '--input',
    request,
  ]);
  return {
    tool: 'tfdeploy bench',
    concurrency,
    requests: report.requests.ok,
    perSecond: report.rate.okPerSecond,
    failed: report.requests.failed,
  };
}

/** Latency at a fixed rate, from the intended send time; long enough for a p99 where that is bearable. */
export async function measureLatency(url, request, qps, seconds, leastRequests) {
  const duration = Math.min(MOST_LATENCY_S, Math.max(seconds, Math.ceil(leastRequests / qps)));
  const report = await bench([
    ...[url, '--qps', qps.toFixed(3), '--duration', `${duration}s`, '--input', request],
    ...['--timeout', '60s', '--arrivals', 'poisson'],
  ]);
  const { quantiles } = report.latency.response;
  return {
    qps,
    seconds: duration,
    p50Ms: quantiles.p50.ms,
    p99Ms: quantiles.p99.ms,
    failed: report.requests.failed,
    verdict: `${report.verdict.status}, ${report.verdict.stability}`,
    reasons: report.verdict.reasons.filter(({ weight }) => weight !== 'note').map(({ text }) => text),
  };
}

async function bench(args) {
  const { text } = await capture(process.execPath, [CLI, 'bench', ...args, '--json'], {});
  const report = JSON.parse(text);
  if (report.error !== undefined) throw new Error(report.error.message);
  return report;
}

function capture(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, text }));
  });
}

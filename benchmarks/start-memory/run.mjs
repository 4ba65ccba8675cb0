// Time from the start of `tfdeploy serve` to its first answer, and the memory of all its processes.
//   node benchmarks/start-memory/run.mjs [--models toy,mlp,mobilenetv2] [--rounds 5] [--seconds 8]
//     [--concurrency 16] [--against OTHER_CHECKOUT] [--json FILE]
// Needs no Python once benchmarks/flask-gunicorn has exported its models. `--against` measures another built
// checkout in turns with this one, which is the way to compare on a machine that does other work: wall times
// there say little, CPU times and ratios more. First answer: process started, ready line read, POST answered.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makePlanCache } from '../flask-gunicorn/contenders.mjs';
import { saturateAt } from '../flask-gunicorn/load.mjs';
import { MODELS, prepareModels } from '../flask-gunicorn/models.mjs';
import { startServer } from './server.mjs';
import { formatTable, summarize } from './table.mjs';
import { treeCpuSeconds, treeMemory } from './tree.mjs';

const SAMPLE_MS = 500;
const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: Object.keys(MODELS).join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    concurrency: { type: 'string', default: '16' },
    against: { type: 'string' },
    json: { type: 'string' },
  },
});
const own = fileURLToPath(new URL('../..', import.meta.url));
const checkouts = [
  { name: 'this', folder: own },
  ...(flags.against === undefined ? [] : [{ name: 'other', folder: resolve(flags.against) }]),
];
const results = [];
for (const model of prepareModels(flags.models.split(','))) {
  for (let round = 0; round < Number(flags.rounds); round++)
    // Every other round begins with the other one, so that neither always follows the same neighbour.
    for (const checkout of round % 2 === 0 ? checkouts : checkouts.toReversed())
      results.push({
        model: model.name,
        checkout: checkout.name,
        round,
        ...(await measure(model, checkout)),
      });
}
const report = {
  schema: 'tfdeploy.start-memory/1',
  at: new Date().toISOString(),
  machine: { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
  seconds: Number(flags.seconds),
  concurrency: Number(flags.concurrency),
  summary: summarize(results),
  results,
};
if (flags.json !== undefined) {
  mkdirSync(dirname(flags.json), { recursive: true });
  writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}
console.log(formatTable(report));

async function measure(model, { name, folder }) {
  const cache = makePlanCache();
  try {
    const cold = await firstAnswer(model, folder, cache.folder);
    await cold.server.stop();
    const warm = await firstAnswer(model, folder, cache.folder);
    try {
      const idle = treeMemory(warm.server.pid);
      const load = await underLoad(warm.server, model);
      const row = { cold: cold.figures, warm: warm.figures, idle, ...load };
      console.error(model.name.padEnd(12), name.padEnd(6), describe(row));
      return row;
    } finally {
      await warm.server.stop();
    }
  } finally {
    cache.remove();
  }
}

async function firstAnswer(model, folder, planCache) {
  const server = await startServer(folder, model, planCache);
  return { server, figures: { ms: server.firstAnswerMs, cpuSeconds: treeCpuSeconds(server.pid) } };
}

/** Requests per second, CPU time per request and the most memory seen while the load lasts. */
async function underLoad(server, model) {
  let most = treeMemory(server.pid);
  const sampling = setInterval(() => {
    const now = treeMemory(server.pid);
    if (now.pssBytes > most.pssBytes) most = now;
  }, SAMPLE_MS);
  const before = treeCpuSeconds(server.pid);
  try {
    const { requests, perSecond, failed } = await saturateAt(
      server.url,
      model.request,
      Number(flags.concurrency),
      Number(flags.seconds),
    );
    const cpuMs = ((treeCpuSeconds(server.pid) - before) * 1e3) / Math.max(requests, 1);
    return { load: { perSecond, failed, cpuMsPerRequest: cpuMs }, most, end: treeMemory(server.pid) };
  } finally {
    clearInterval(sampling);
  }
}

function describe({ cold, warm, idle, load, most, end }) {
  const mb = ({ pssBytes }) => `${Math.round(pssBytes / 1e6)}`;
  const start = ({ ms, cpuSeconds }) => `${Math.round(ms)} ms (${cpuSeconds.toFixed(2)} s CPU)`;
  const processes = most.processes.map(({ pssBytes }) => Math.round(pssBytes / 1e6)).join('+');
  return `cold ${start(cold)}, cached ${start(warm)}; ${load.perSecond.toFixed(1)}/s at ${load.cpuMsPerRequest.toFixed(3)} ms CPU, ${load.failed} failed; MB idle ${mb(idle)}, most ${mb(most)} (${processes}), end ${mb(end)}`;
}

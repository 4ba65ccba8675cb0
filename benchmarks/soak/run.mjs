// A server at 70 % load for a long time:
//   node benchmarks/soak/run.mjs [--minutes 10] [--models digits] [--share 0.7] [--json FILE]
// Mixed requests (one row and many, rows and columns, the v2 protocol, status and metrics) arrive open loop; the memory of
// all processes is read every two seconds. Ends with status 1 when a request failed or memory grew: the mean of the last
// third is more than 5 % above that of the first third, both after a tenth of the time for warming up.
import { parseArgs } from 'node:util';
import { ask, format, load, report } from '../load/load.mjs';
import { treePssBytes, treeRssBytes } from '../load/memory.mjs';
import { findModels } from '../load/models.mjs';
import { startServer, withCleanUp } from '../load/serve.mjs';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    models: { type: 'string', default: 'digits' },
    share: { type: 'string', default: '0.7' },
    json: { type: 'string' },
  },
});
const SECONDS = Number(flags.seconds ?? Number(flags.minutes ?? 10) * 60);
const SAMPLE_MS = 2000;
const WARM_SHARE = 0.1;
const MOST_GROWTH = 1.05;
const PROBE_S = 4;
const MANY_ROWS = 16;

let result;
await withCleanUp(async () => {
  const models = findModels(flags.models.split(','));
  const server = await startServer(models.map(({ name, folder }) => `${name}=${folder}`));
  const requests = (await Promise.all(models.map((model) => mix(server.url, model)))).flat();
  const plan = { url: server.url, requests };
  const capacity = (await load({ ...plan, concurrency: 16, seconds: PROBE_S })).okPerSecond;
  const samples = [];
  const problems = [];
  const startMs = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - startMs) / 1e3;
    samples.push({ seconds, rss: treeRssBytes(server.pid), pss: treePssBytes(server.pid) });
    for (const path of ['/metrics', '/v1/models', `/v1/models/${models[0].name}/metadata`, '/readyz'])
      ask(server.url, { path }).then(
        ({ status }) => status !== 200 && problems.push(`GET ${path}: ${status}`),
        (error) => problems.push(`GET ${path}: ${error.message}`),
      );
  }, SAMPLE_MS);
  const run = await load({ ...plan, ratePerSecond: capacity * Number(flags.share), seconds: SECONDS });
  clearInterval(timer);
  await server.stop();
  result = { capacity, run, samples, problems };
});

const settled = result.samples.filter(({ seconds }) => seconds >= SECONDS * WARM_SHARE);
const memory = ['rss', 'pss'].map((kind) => ({ kind, ...describe(settled, kind) }));
const { run, problems } = result;
const failed = run.failed + problems.length;
const isPass = failed === 0 && memory[0].growth <= MOST_GROWTH;
report({
  title: `Soak: ${format(SECONDS / 60)} minutes at ${format(result.capacity * Number(flags.share))} requests/s (${flags.share} of ${format(result.capacity)}/s)`,
  columns: [
    'answered',
    'failed',
    'p50 / p99 / p99.9 ms',
    'memory',
    'first third MB',
    'last third MB',
    'ratio',
    'fit MB/hour',
    'met',
  ],
  rows: memory.map(({ kind, first, last, growth, perHour }) => [
    run.ok,
    failed,
    `${format(run.answeredMs.p50)} / ${format(run.answeredMs.p99)} / ${format(run.answeredMs['p99.9'])}`,
    kind === 'rss' ? 'resident' : 'PSS',
    first / 1e6,
    last / 1e6,
    growth.toFixed(3),
    perHour / 1e6,
    isPass ? 'yes' : 'NO',
  ]),
  result: { ...result, memory },
  file: flags.json,
});
for (const each of [...new Set(problems), ...run.failures.map((one) => JSON.stringify(one))])
  console.log(each);
process.exitCode = isPass ? 0 : 1;

/** The mean of the first and the last third, and the slope of a straight line through all of them. */
function describe(samples, kind) {
  const mean = (some) => some.reduce((sum, each) => sum + each[kind], 0) / some.length;
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [first, last] = [mean(samples.slice(0, third)), mean(samples.slice(-third))];
  const at = samples.reduce((sum, { seconds }) => sum + seconds, 0) / samples.length;
  const all = mean(samples);
  let [over, under] = [0, 0];
  for (const each of samples) {
    over += (each.seconds - at) * (each[kind] - all);
    under += (each.seconds - at) ** 2;
  }
  return { first, last, growth: last / first, perHour: (over / under) * 3600 };
}

/** Requests of every kind that a model's example can be turned into. */
async function mix(url, { name, body }) {
  const [row] = JSON.parse(body).instances;
  const { text } = await ask(url, { path: `/v2/models/${name}` });
  const [input] = JSON.parse(text).inputs;
  const values = Object.hasOwn(row, input.name) ? row[input.name] : row;
  const shape = (rows) => [rows, ...shapeOf(values)];
  const rows = (count) => Array.from({ length: count }, () => row);
  const path = `/v1/models/${name}:predict`;
  return [
    { path, body: JSON.stringify({ instances: [row] }) },
    { path, body: JSON.stringify({ instances: rows(3) }) },
    { path, body: JSON.stringify({ instances: rows(MANY_ROWS) }) },
    { path, body: JSON.stringify({ inputs: { [input.name]: [values, values] } }) },
    { path: `/v1/models/${name}/versions/1:predict`, body: JSON.stringify({ instances: [row] }) },
    {
      path: `/v2/models/${name}/infer`,
      body: JSON.stringify({
        inputs: [{ name: input.name, shape: shape(1), datatype: input.datatype, data: [values] }],
      }),
    },
  ];
}

function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

// What batching costs a client that is alone:
//   node benchmarks/no-waiting-tax/run.mjs [--models digits] [--seconds 20] [--json FILE]
// One client asks a server with batching and one without in turn (blocks in the order on off off on), so that what else
// the machine does counts for both. Ends with status 1 when the median ratio of the p50s is above 1 by more than noise.
import { Agent, request as httpRequest } from 'node:http';
import { parseArgs } from 'node:util';
import { median, report } from '../load/load.mjs';
import { findModels } from '../load/models.mjs';
import { startServer, withCleanUp } from '../load/serve.mjs';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'digits' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'string' },
  },
});
const BLOCK = 50;
const WARM_UP_BLOCKS = 4;
const LEAST_PAIRS = 8;

const results = [];
await withCleanUp(async () => {
  for (const model of findModels(flags.models.split(','))) results.push(await measure(model));
});
report({
  title: 'One client, batching on against off',
  columns: [
    'model',
    'p50 on ms',
    'p50 off ms',
    'ratio (median)',
    '95 % interval',
    'quartiles',
    'pairs',
    'met',
  ],
  rows: results.map(({ model, onMs, offMs, ratio, low, high, quartiles, pairs, isPass }) => [
    model,
    onMs.toFixed(3),
    offMs.toFixed(3),
    ratio.toFixed(3),
    `${low.toFixed(3)} – ${high.toFixed(3)}`,
    quartiles.map((each) => each.toFixed(3)).join(' – '),
    pairs,
    isPass ? 'yes' : 'NO',
  ]),
  result: results,
  file: flags.json,
});
process.exitCode = results.every(({ isPass }) => isPass) ? 0 : 1;

async function measure(model) {
  const start = (isOn) => startServer([`m=${model.folder}`, '--workers', '1', `--enable-batching=${isOn}`]);
  const [on, off] = [await start(true), await start(false)];
  const clients = [on, off].map(({ url }) => createClient(`${url}/v1/models/m:predict`, model.body));
  for (let block = 0; block < WARM_UP_BLOCKS; block++)
    for (const client of clients) for (let count = 0; count < BLOCK; count++) await client();
  const ratios = [];
  const p50s = [[], []];
  const endMs = performance.now() + Number(flags.seconds) * 1e3;
  while (performance.now() < endMs || ratios.length < LEAST_PAIRS) {
    const times = [[], []];
    for (const which of [0, 1, 1, 0])
      for (let count = 0; count < BLOCK; count++) times[which].push(await clients[which]());
    const [onMs, offMs] = times.map(median);
    ratios.push(onMs / offMs);
    p50s[0].push(onMs);
    p50s[1].push(offMs);
  }
  await Promise.all([on.stop(), off.stop()]);
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share) =>
    sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1))))];
  // Of the median, from the order of the values: no distribution is assumed.
  const half = 0.98 / Math.sqrt(sorted.length);
  const [low, high] = [at(0.5 - half), at(0.5 + half)];
  return {
    model: model.name,
    onMs: median(p50s[0]),
    offMs: median(p50s[1]),
    ratio: median(ratios),
    low,
    high,
    quartiles: [at(0.25), at(0.75)],
    pairs: ratios.length,
    isPass: low <= 1,
  };
}

/** Asks on one connection and gives the milliseconds until the answer is there. */
function createClient(url, body) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port, pathname } = new URL(url);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  return () =>
    new Promise((resolve, reject) => {
      const startMs = performance.now();
      const outgoing = httpRequest(
        { hostname, port, path: pathname, method: 'POST', agent, headers },
        (answer) => {
          answer.resume();
          answer.once('end', () => {
            if (answer.statusCode === 200) resolve(performance.now() - startMs);
            else reject(new Error(`status ${answer.statusCode}`));
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
}

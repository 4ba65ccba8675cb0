// What a hostile client does to the others:
//   node benchmarks/hostile/run.mjs [--only 'gzip bomb,slow bodies'] [--seconds 4] [--rounds 2] [--model digits] [--json FILE]
// Well-behaved clients ask at a third of what the server can do; for each attack the p99 of a run without it and of a run of
// the same schedule with it are compared. Ends with status 1 when a well-behaved request failed or the median ratio of the
// p99s is above 2.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, load, median, report } from '../load/load.mjs';
import { treeOf, treeRssBytes } from '../load/memory.mjs';
import { findModels } from '../load/models.mjs';
import { startServer, withCleanUp } from '../load/serve.mjs';

/** As named in attack.mjs. */
const KINDS = [
  'deep JSON',
  'deep JSON in instances',
  'gzip bomb',
  'oversized body',
  'slow headers',
  'slow bodies',
  'half-open connections',
  'connections opened and dropped',
  'HTTP/2 rapid reset',
];
const ATTACK = fileURLToPath(new URL('./attack.mjs', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: KINDS.join(',') },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    model: { type: 'string', default: 'digits' },
    share: { type: 'string', default: '0.33' },
    json: { type: 'string' },
  },
});
const SECONDS = Number(flags.seconds);
const MOST_RATIO = 2;
const LEAD_MS = 500;

const results = [];
await withCleanUp(async () => {
  const [model] = findModels([flags.model]);
  const server = await startServer([`m=${model.folder}`], { hasGrpc: true });
  const pids = treeOf(server.pid).join(' ');
  const plan = {
    url: server.url,
    requests: [{ path: '/v1/models/m:predict', body: model.body }],
    seconds: SECONDS,
    maxConnections: 64,
  };
  const capacity = (await load({ ...plan, concurrency: 16 })).okPerSecond;
  const offer = (seed) => load({ ...plan, ratePerSecond: capacity * Number(flags.share), seed });
  for (const kind of flags.only.split(',')) {
    const rounds = [];
    for (let round = 1; round <= Number(flags.rounds); round++) {
      const quiet = await offer(round);
      const stopAttack = await startAttack(kind, server);
      const attacked = await offer(round);
      rounds.push({ quiet, attacked, attacks: await stopAttack(), rss: treeRssBytes(server.pid) });
    }
    results.push({ kind, ...summarize(rounds), isSameTree: treeOf(server.pid).join(' ') === pids, rounds });
  }
  await server.stop();
});
report({
  title: `Well-behaved clients beside a hostile one (${flags.model})`,
  columns: [
    'attack',
    'times',
    'p50 quiet / attacked ms',
    'p99 quiet / attacked ms',
    'ratio of p99',
    'failed',
    'resident MB',
    'met',
  ],
  rows: results.map((one) => [
    one.kind,
    one.attacks,
    one.p50.map(format).join(' / '),
    one.p99.map(format).join(' / '),
    `${format(one.ratio)} (${one.ratios.map(format).join(', ')})`,
    one.failed,
    one.rss / 1e6,
    one.isPass && one.isSameTree ? 'yes' : one.isSameTree ? 'NO' : 'NO: a process was replaced',
  ]),
  result: results,
  file: flags.json,
});
process.exitCode = results.every(({ isPass, isSameTree }) => isPass && isSameTree) ? 0 : 1;

function summarize(rounds) {
  const of = (which, quantile) => median(rounds.map((each) => each[which].answeredMs[quantile]));
  const ratios = rounds.map(({ quiet, attacked }) => attacked.answeredMs.p99 / quiet.answeredMs.p99);
  const failed = rounds.reduce((sum, { quiet, attacked }) => sum + quiet.failed + attacked.failed, 0);
  const ratio = median(ratios);
  return {
    p50: [of('quiet', 'p50'), of('attacked', 'p50')],
    p99: [of('quiet', 'p99'), of('attacked', 'p99')],
    ratios,
    ratio,
    failed,
    attacks: rounds.reduce((sum, { attacks }) => sum + attacks, 0),
    rss: Math.max(...rounds.map(({ rss }) => rss)),
    isPass: failed === 0 && ratio <= MOST_RATIO,
  };
}

async function startAttack(kind, server) {
  const args = [ATTACK, kind, server.url, String(server.grpcPort), 'm'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  if (child.exitCode !== null) throw new Error(`the attack "${kind}" ended with status ${child.exitCode}`);
  return async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
    return JSON.parse(text || '{"count":0}').count;
  };
}

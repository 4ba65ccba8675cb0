// Models that come and go while others answer:
//   node benchmarks/swap/run.mjs [--swapped mlp --beside cnn] [--seconds 8] [--rounds 3] [--loads 50] [--json FILE]
// Model A gets new versions, one after the other (new version directories, which are compiled; then other versions of its
// configuration file, compiled before), while A and model B are under load: no request may fail, and B's p99 while versions
// are swapped is compared with its p99 just before. Then versions are loaded and unloaded 50 times and the memory of all
// processes is compared with that after the first five. Ends with status 1 when a request failed, B's p99 is above 1.5
// times or the memory above 1.2 times the one before.
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, format, load, median, report } from '../load/load.mjs';
import { treePssBytes, treeRssBytes } from '../load/memory.mjs';
import { findModels } from '../load/models.mjs';
import { startServer, tempFolder, withCleanUp } from '../load/serve.mjs';

const { values: flags } = parseArgs({
  options: {
    swapped: { type: 'string', default: 'mlp' },
    beside: { type: 'string', default: 'cnn' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    loads: { type: 'string', default: '50' },
    share: { type: 'string', default: '0.5' },
    json: { type: 'string' },
  },
});
const SECONDS = Number(flags.seconds);
const LOADS = Number(flags.loads);
const SETTLED_LOADS = 5;
const POLL_S = '0.2';
const SWAP_TIMEOUT_MS = 60_000;
const MOST_P99_RATIO = 1.5;
const MOST_MEMORY_RATIO = 1.2;

const result = {};
await withCleanUp(async () => {
  const [a, b] = findModels([flags.swapped, flags.beside]);
  const root = tempFolder();
  const base = join(root, 'a');
  const config = join(root, 'models.config');
  mkdirSync(base);
  let newest = 0;
  const addVersion = () => {
    newest++;
    // A version appears at once, complete.
    const draft = join(root, 'draft');
    cpSync(a.folder, draft, { recursive: true });
    renameSync(draft, join(base, String(newest)));
    rmSync(join(base, String(newest - 2)), { recursive: true, force: true });
    return newest;
  };
  const writeConfig = (policy) => {
    writeFileSync(`${config}.tmp`, configText(base, b.folder, policy));
    renameSync(`${config}.tmp`, config);
  };
  addVersion();
  writeConfig('latest { num_versions: 1 }');
  const server = await startServer([
    ...['--model-config-file', config, '--model-config-file-poll-wait-seconds', POLL_S],
    ...['--file-system-poll-wait-seconds', POLL_S],
  ]);
  const requests = [
    { path: '/v1/models/a:predict', body: a.body, group: 'a' },
    { path: '/v1/models/b:predict', body: b.body, group: 'b' },
  ];
  const plan = { url: server.url, requests, seconds: SECONDS };
  const capacity = (await load({ ...plan, concurrency: 8, seconds: Math.min(SECONDS, 4) })).okPerSecond;
  const offer = (seed) => load({ ...plan, ratePerSecond: capacity * Number(flags.share), seed });

  const kinds = {
    'version directory': () => addVersion(),
    'configuration file': (count) => {
      const version = newest - (count % 2);
      writeConfig(`specific { versions: ${version} }`);
      return version;
    },
  };
  result.capacity = capacity;
  result.swaps = [];
  for (const [kind, next] of Object.entries(kinds)) {
    for (let round = 0; round < Number(flags.rounds); round++) {
      const before = await offer(round + 1);
      let isOver = false;
      let count = 0;
      const swapping = (async () => {
        while (!isOver) {
          const version = next(count);
          await untilOnly(server.url, version);
          count++;
        }
      })();
      // Both ways the same schedule.
      const during = await offer(round + 1);
      isOver = true;
      await swapping;
      result.swaps.push({ kind, round, count, before, during });
    }
  }

  writeConfig(`specific { versions: ${newest} }`);
  await untilOnly(server.url, newest);
  result.memory = [];
  for (let count = 1; count <= LOADS; count++) {
    const version = newest - (count % 2);
    writeConfig(`specific { versions: ${version} }`);
    await untilOnly(server.url, version);
    result.memory.push({ pss: treePssBytes(server.pid), rss: treeRssBytes(server.pid) });
  }
  await server.stop();
});

const kindsSeen = [...new Set(result.swaps.map(({ kind }) => kind))];
const rows = kindsSeen.map((kind) => {
  const rounds = result.swaps.filter((each) => each.kind === kind);
  const failed = rounds.reduce((sum, { before, during }) => sum + before.failed + during.failed, 0);
  const p99 = (which) => rounds.map((each) => each[which].groups.b.ms.p99);
  const ratios = p99('during').map((ms, index) => ms / p99('before')[index]);
  const ratio = median(ratios);
  return {
    cells: [
      kind,
      rounds.reduce((sum, { count }) => sum + count, 0),
      rounds.reduce((sum, { during }) => sum + during.ok, 0),
      failed,
      format(median(p99('before'))),
      format(median(p99('during'))),
      `${format(ratio)} (${ratios.map(format).join(', ')})`,
      failed === 0 && ratio <= MOST_P99_RATIO ? 'yes' : 'NO',
    ],
    isPass: failed === 0 && ratio <= MOST_P99_RATIO,
  };
});
report({
  title: `Swapping ${flags.swapped} beside ${flags.beside} at ${format(result.capacity * Number(flags.share))} requests/s`,
  columns: ['swap by', 'swaps', 'answered', 'failed', "B's p99 before ms", 'during ms', 'ratio', 'met'],
  rows: rows.map(({ cells }) => cells),
  result,
  file: flags.json,
});
const ends = (key) => {
  const values = result.memory.map((each) => each[key]);
  const start = median(values.slice(Math.min(SETTLED_LOADS, values.length) - 1, SETTLED_LOADS + 3));
  const end = median(values.slice(-4));
  return { start, end, ratio: end / start };
};
const [pss, rss] = [ends('pss'), ends('rss')];
const isMemoryFlat = rss.ratio <= MOST_MEMORY_RATIO;
report({
  title: `${LOADS} loads and unloads, memory of all processes`,
  columns: ['memory', `after ${SETTLED_LOADS} loads MB`, `after ${LOADS} MB`, 'ratio', 'met'],
  rows: [
    ['resident', rss.start / 1e6, rss.end / 1e6, rss.ratio, isMemoryFlat ? 'yes' : 'NO'],
    ['proportional (PSS)', pss.start / 1e6, pss.end / 1e6, pss.ratio, ''],
  ],
});
process.exitCode = isMemoryFlat && rows.every(({ isPass }) => isPass) ? 0 : 1;

function configText(basePath, beside, policy) {
  return `model_config_list {
  config { name: "a" base_path: "${basePath}" model_platform: "tensorflow" model_version_policy { ${policy} } }
  config { name: "b" base_path: "${beside}" model_platform: "tensorflow" }
}
`;
}

/** Waits until a version of A answers and no other one is loaded. */
async function untilOnly(url, version) {
  const endMs = performance.now() + SWAP_TIMEOUT_MS;
  for (;;) {
    const { text } = await ask(url, { path: '/v1/models/a' }).catch(() => ({ text: '{}' }));
    const { model_version_status: states = [] } = JSON.parse(text);
    const isServing = states.some((each) => each.version === String(version) && each.state === 'AVAILABLE');
    const isAlone = states.every((each) => each.version === String(version) || each.state === 'END');
    if (isServing && isAlone) return;
    if (performance.now() > endMs) throw new Error(`version ${version} is not served: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Runs random graphs in TensorFlow and in the built product.
//
//   node test/random/run.mjs --graphs 20000 --seed 7 [--report FILE]
//   node test/random/run.mjs --seed 7 --only 12,345        shows the first step of each that differs
//   node test/random/run.mjs --seed 7 --shards A,B         runs what generate.py has written to these folders
//
// --jobs generates in so many processes; --page writes the page of the documentation.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkGraphs, readGraphs, shrink } from './check.mjs';
import { loadProduct } from './product.mjs';
import { formatPage, formatReport, summarise } from './report.mjs';

const { values: flags } = parseArgs({
  options: {
    graphs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    only: { type: 'string', default: '' },
    report: { type: 'string' },
    keep: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    shards: { type: 'string' },
    page: { type: 'string' },
  },
});

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tfdeploy-oracle', 'tf', 'bin', 'python');
const SCRIPT = fileURLToPath(new URL('../oracle/random/generate.py', import.meta.url));
const product = await loadProduct(new URL('../../dist/', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'tfdeploy-random-'));

/** Generates the graphs of a run in several processes at once, each a part of the numbers. */
async function generateAll(onGraphs) {
  const jobs = Number(flags.jobs);
  const each = Math.ceil(Number(flags.graphs) / jobs);
  // One file at a time: a plan is written to one folder.
  let turn = Promise.resolve();
  const inTurn = (graphs) => {
    turn = turn.then(() => onGraphs(graphs));
    return turn;
  };
  const parts = Array.from({ length: jobs }, (_, job) => {
    const first = job * each;
    const count = Math.min(each, Number(flags.graphs) - first);
    return generate(
      ['--first', `${first}`, '--graphs', `${count}`, ...seed, '--ahead', '6'],
      inTurn,
      `${job}`,
    );
  });
  const made = await Promise.all(parts);
  return {
    unstable: made.flatMap(({ unstable }) => unstable),
    rejected: sumCounts(made.map(({ rejected }) => rejected)),
  };
}

function sumCounts(all) {
  const sum = {};
  for (const counts of all)
    for (const [key, count] of Object.entries(counts)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** Calls back with the graphs that lie in folders. */
async function readAll(dirs, onGraphs) {
  for (const dir of dirs) {
    for (const name of readdirSync(dir)
      .filter((each) => each.endsWith('.json.gz'))
      .sort())
      await onGraphs(readGraphs(product, join(dir, name)));
  }
  return undefined;
}

/** Calls back with the graphs of each file as it appears, and returns what the generator says of itself. */
async function generate(args, onGraphs, name = 'shards') {
  const out = join(work, name);
  const child = spawn(PYTHON, [SCRIPT, out, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let isEnded = false;
  ended.then(() => {
    isEnded = true;
  });
  for (;;) {
    const wasEnded = isEnded;
    const files = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.json.gz')) : [];
    for (const name of files.sort()) {
      const path = join(out, name);
      await onGraphs(readGraphs(product, path));
      rmSync(path);
    }
    if (files.length === 0) {
      if (wasEnded) break;
      await sleep(100);
    }
  }
  const done = join(out, 'done.json');
  if (!existsSync(done)) throw new Error(`the generator failed: ${errors}`);
  return JSON.parse(readFileSync(done, 'utf8'));
}

const seed = ['--seed', flags.seed];
const begunMs = performance.now();
try {
  const rows = [];
  const failed = [];
  const check = async (graphs) => {
    const checked = await checkGraphs(product, graphs, work);
    rows.push(...checked);
    failed.push(...checked.filter(({ outcome }) => outcome === 'differs'));
    const rate = rows.length / ((performance.now() - begunMs) / 1000);
    process.stderr.write(`${rows.length} graphs, ${failed.length} differ, ${rate.toFixed(0)} graphs/s\n`);
  };
  const run = () => (flags.shards ? readAll(flags.shards.split(','), check) : generateAll(check));
  const made = flags.only ? undefined : await run();
  const numbers =
    flags.only ||
    failed
      .slice(0, 40)
      .map(({ name }) => name.split(':')[1])
      .join(',');
  const causes = [];
  if (numbers !== '') {
    rmSync(join(work, 'shards'), { recursive: true, force: true });
    await generate([...seed, '--only', numbers], async (graphs) => {
      for (const graph of graphs) {
        const found = await shrink(product, graph, work);
        const whole = found ?? (await checkGraphs(product, [graph], work))[0];
        causes.push({
          name: graph.name,
          hides: graph.hides,
          step: found?.output,
          node: found?.node,
          why: whole.why,
          ops: graph.ops,
        });
        if (flags.keep) writeFileSync(join(flags.keep, `${graph.name.replace(':', '-')}.pb`), graph.model);
      }
    });
  }
  const summary = summarise(rows, product.claimed(), made, (performance.now() - begunMs) / 1000);
  const report = { seed: flags.seed, ...summary, causes };
  if (flags.report) writeFileSync(flags.report, JSON.stringify(report, null, 1));
  if (flags.page) writeFileSync(flags.page, formatPage(report));
  process.stdout.write(formatReport(report));
  process.exitCode = summary.counts.differs > 0 ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}

// Exports keras.applications models with TensorFlow, converts and runs them here, and compares the answers.
//
//   node test/zoo/zoo.mjs [--all] [--flavor keras3|tf_keras] [--how export|save] [--prune] [--markdown FILE] [NAME …]
//
// Without names: the eight of models.mjs at their own sizes; with --all every architecture, at a small size where it
// is allowed. Needs `npm run build` and, for exports that are not cached, a Python with TensorFlow
// (TFDEPLOY_ORACLE_PYTHON). Exports are kept in TFDEPLOY_ZOO or the cache folder; --prune removes each after its run.
// The exit status is 1 when a model does not match.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALL, EIGHT, SMALL_SIZE } from './models.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
const zoo = process.env.TFDEPLOY_ZOO ?? join(cache, 'zoo');
const python = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(cache, 'tf', 'bin', 'python');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    flavor: { type: 'string', default: 'keras3' },
    how: { type: 'string', default: 'export' },
    prune: { type: 'boolean' },
    markdown: { type: 'string' },
  },
});

function exportModel(name, size) {
  const folder = join(zoo, [options.flavor, name, ...(size === undefined ? [] : [size])].join('-'));
  if (existsSync(join(folder, 'meta.json'))) return folder;
  mkdirSync(zoo, { recursive: true });
  const sized = size === undefined ? [] : ['--size', String(size)];
  const args = ['--out', zoo, '--flavor', options.flavor, '--how', options.how, ...sized, name];
  execFileSync(python, [here('../oracle/zoo/export.py'), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  return folder;
}

function runScript(script, args) {
  const child = spawnSync(process.execPath, [here(script), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (child.status !== 0)
    throw new Error(child.stderr.trim().split('\n').slice(-6).join(' | ') || child.signal);
  return JSON.parse(child.stdout.trim().split('\n').at(-1));
}

function folderBytes(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function runModel(name, size) {
  const folder = exportModel(name, size);
  const plan = join(folder, 'plan');
  rmSync(plan, { recursive: true, force: true });
  const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'));
  const row = {
    name,
    noiseShare: meta.noise_share,
    size: meta.size,
    parameters: meta.parameters,
    modelMb: folderBytes(join(folder, 'model')) / 2 ** 20,
  };
  const converted = runScript('convert.mjs', [join(folder, 'model'), plan]);
  Object.assign(row, converted);
  if (converted.blockers.length === 0) {
    row.planMb = folderBytes(plan) / 2 ** 20;
    Object.assign(
      row,
      runScript('answer.mjs', [plan, join(folder, 'b1.json.gz'), join(folder, 'b3.json.gz')]),
    );
  }
  rmSync(plan, { recursive: true, force: true });
  if (options.prune) rmSync(folder, { recursive: true, force: true });
  return row;
}

const HEAD = [
  '| model | input | parameters | SavedModel MB | convert s | CPU s | peak MB | largest output | max abs | rel L2 | of tolerance | TF, last bit moved | verdict |',
  '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
];

function formatRow(row) {
  const start = `| ${row.name} | ${row.size ?? ''} | ${((row.parameters ?? 0) / 1e6).toFixed(1)} M`;
  if (row.error !== undefined)
    return `${start} | | | | | | | | | | ${row.error.replaceAll('|', '/').slice(0, 300)} |`;
  const convert = `${row.modelMb.toFixed(0)} | ${(row.convertMs / 1000).toFixed(2)} | ${(row.cpuMs / 1000).toFixed(2)} | ${row.peakRssMb.toFixed(0)}`;
  if (row.blockers.length > 0) {
    const why = row.blockers.map((each) => `${each.op}: ${each.why}`).slice(0, 3);
    return `${start} | ${convert} | | | | | | ${row.blockers.length} blockers: ${why.join('; ').replaceAll('|', '/')} |`;
  }
  const most = (key) => Math.max(...row.cases.map((each) => each[key]));
  const verdict = row.cases.every((each) => each.matches) ? 'matches' : 'DIFFERS';
  const share = `${(most('share') * 100).toFixed(1)} %`;
  return `${start} | ${convert} | ${most('largest').toFixed(2)} | ${most('maxAbs').toExponential(1)} | ${most('relL2').toExponential(1)} | ${share} | ${((row.noiseShare ?? 0) * 100).toFixed(1)} % | ${verdict} |`;
}

const names = positionals.length > 0 ? positionals : options.all ? ALL[options.flavor] : EIGHT;
const lines = [...HEAD];
console.log(HEAD.join('\n'));
let failures = 0;
for (const name of names) {
  let row;
  try {
    row = runModel(name, options.all ? SMALL_SIZE : undefined);
  } catch (error) {
    row = { name, error: error.message };
  }
  const isGood =
    row.error === undefined && row.blockers.length === 0 && row.cases.every((each) => each.matches);
  if (!isGood) failures++;
  lines.push(formatRow(row));
  console.log(lines.at(-1));
}
console.log(`\n${names.length - failures} of ${names.length} match`);
if (options.markdown !== undefined) writeFileSync(options.markdown, `${lines.join('\n')}\n`);
process.exitCode = failures === 0 ? 0 : 1;

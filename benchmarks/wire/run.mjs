// What the wire costs: served against the engine alone, and CPU time of each request (needs wrk and a build):
//
//   node benchmarks/wire/run.mjs [--seconds 5] [--rounds 3] [--batches 1,8] [--only served|cost] [--json FILE] [--smoke]
//
// served: ResNet50 in batches of given sizes. The engine runs in a tight loop, one process per core with one thread;
// `tfdeploy serve` has as many workers and takes requests of that many rows, as raw bytes and as JSON.
// cost: CPU time of all server processes for one request of the toy and the MLP, over REST and gRPC.
// All take turns round by round, and a figure is the median of its rounds. The generator shares the cores with the
// server; CPU times leave it out. Models are exported by a Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeRandom, PYTHON, prepareModels } from '../flask-gunicorn/models.mjs';
import { startProgram, startServer, stopChild } from './processes.mjs';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    batches: { type: 'string', default: '1,8' },
    only: { type: 'string', default: 'served,cost' },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CLI = here('../../bin/tfdeploy.js');
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle', 'in-process');
const CORES = availableParallelism();
const SECONDS = flags.smoke ? 1 : Number(flags.seconds);
const ROUNDS = flags.smoke ? 1 : Number(flags.rounds);
const BATCHES = flags.smoke ? [1] : flags.batches.split(',').map(Number);
const WARM_SECONDS = flags.smoke ? 1 : 4;
const IMAGE = [224, 224, 3];
const RAW = 'application/octet-stream';
const JSON_TYPE = 'application/json';

const scratch = mkdtempSync(join(tmpdir(), 'wire-'));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function exportResnet() {
  const folder = join(CACHE, 'ResNet50');
  if (existsSync(join(folder, 'model', 'saved_model.pb'))) return join(folder, 'model');
  const draft = `${folder}.tmp`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  execFileSync(PYTHON, [here('../in-process/models.py'), 'ResNet50', draft], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  renameSync(draft, folder);
  return join(folder, 'model');
}

/** Writes the same rows as raw float32 and as JSON, seven digits a number. */
function writeBodies(name, rows, shape) {
  const random = makeRandom();
  const count = shape.reduce((product, dim) => product * dim, rows);
  const numbers = Array.from({ length: count }, () => Number(random().toFixed(7)));
  const nest = (dims, from, size) =>
    dims.length === 0
      ? numbers[from]
      : Array.from({ length: dims[0] }, (_, at) =>
          nest(dims.slice(1), from + (at * size) / dims[0], size / dims[0]),
        );
  const raw = join(scratch, `${name}-${rows}.bin`);
  const json = join(scratch, `${name}-${rows}.json`);
  writeFileSync(raw, Buffer.from(Float32Array.from(numbers).buffer));
  writeFileSync(json, JSON.stringify({ instances: nest([rows, ...shape], 0, count) }));
  return { raw, json };
}

function capture(command, args, env = {}) {
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
    child.once('close', () => resolve(text));
  });
}

async function loadRest(url, body, contentType, connections, seconds) {
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '60s'];
  const text = await capture('wrk', [...args, '-s', here('../flask-gunicorn/post.lua'), url], {
    BODY_FILE: body,
    CONTENT_TYPE: contentType,
  });
  const line = text.split('\n').find((one) => one.startsWith('RESULT '));
  if (line === undefined) throw new Error(`wrk said: ${text}`);
  return JSON.parse(line.slice('RESULT '.length));
}

async function loadGrpc(server, model, input, columns, seconds) {
  return JSON.parse(
    await capture(process.execPath, [
      here('grpc-load.mjs'),
      ...[server.grpc, model, input, columns, seconds].map(String),
    ]),
  );
}

/** Runs a load and gives requests per second and the server's CPU milliseconds of each. */
async function measureServer(server, load) {
  const before = server.cpuMs();
  const { requests, seconds, failed } = await load();
  if (failed > 0) throw new Error(`${failed} of ${requests} requests failed`);
  return { perSecond: requests / seconds, cpuMs: (server.cpuMs() - before) / requests };
}

async function measureEngines(engines) {
  const answers = await Promise.all(
    engines.map(async ({ child, lines }) => {
      const line = new Promise((resolve) => lines.once('line', resolve));
      child.stdin.write(`${SECONDS}\n`);
      return JSON.parse(await line);
    }),
  );
  const runs = answers.reduce((sum, answer) => sum + answer.runs, 0);
  return {
    perSecond: answers.reduce((sum, answer) => sum + answer.runs / answer.seconds, 0),
    cpuMs: answers.reduce((sum, answer) => sum + answer.cpuMs, 0) / runs,
  };
}

/** Takes turns, so that whatever else the machine does hits all. */
async function takeTurns(contenders) {
  const found = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, measure] of Object.entries(contenders)) found[name].push(await measure());
  return Object.fromEntries(
    Object.entries(found).map(([name, rounds]) => [
      name,
      {
        perSecond: median(rounds.map((each) => each.perSecond)),
        cpuMs: median(rounds.map((each) => each.cpuMs)),
      },
    ]),
  );
}

async function compareServed(rows) {
  const folder = exportResnet();
  const plan = join(scratch, 'resnet50');
  if (!existsSync(plan))
    execFileSync(process.execPath, [CLI, 'convert', folder, '-o', plan], { stdio: 'ignore' });
  const { raw, json } = writeBodies('resnet50', rows, IMAGE);
  const server = await startServer('resnet50', folder, join(scratch, 'plans'), [
    '--workers',
    String(CORES),
    '--max-batch-size',
    String(rows),
  ]);
  const engines = [];
  try {
    for (let core = 0; core < CORES; core++)
      engines.push(await startProgram([here('engine.mjs'), plan, String(rows), '1'], (said) => said.ready));
    const url = `${server.rest}/v1/models/resnet50:predict`;
    // Three requests for each worker: one runs, one waits, one is on its way.
    const load = (body, type) => () => loadRest(url, body, type, 3 * CORES, SECONDS);
    await loadRest(url, raw, RAW, 3 * CORES, WARM_SECONDS);
    const found = await takeTurns({
      engine: () => measureEngines(engines),
      binary: () => measureServer(server, load(raw, RAW)),
      json: () => measureServer(server, load(json, JSON_TYPE)),
    });
    const share = (name) => found[name].perSecond / found.engine.perSecond;
    const cpuShare = (name) => found.engine.cpuMs / found[name].cpuMs;
    return {
      rows,
      ...found,
      share: { binary: share('binary'), json: share('json') },
      cpuShare: { binary: cpuShare('binary'), json: cpuShare('json') },
    };
  } finally {
    await server.stop();
    for (const { child } of engines) await stopChild(child);
  }
}

async function measureCost(model) {
  const [columns] = model.row;
  const { raw, json } = writeBodies(model.name, 1, model.row);
  const server = await startServer(model.name, model.folder, join(scratch, 'plans'));
  try {
    const url = `${server.rest}/v1/models/${model.name}`;
    const { metadata } = await (await fetch(`${url}/metadata`)).json();
    const [input] = Object.keys(metadata.signature_def.signature_def.serving_default.inputs);
    const rest = (body, type, seconds) => loadRest(`${url}:predict`, body, type, 64, seconds);
    const grpc = (seconds) => loadGrpc(server, model.name, input, columns, seconds);
    await rest(json, JSON_TYPE, WARM_SECONDS);
    await grpc(WARM_SECONDS);
    const found = await takeTurns({
      'REST, JSON': () => measureServer(server, () => rest(json, JSON_TYPE, SECONDS)),
      'REST, raw bytes': () => measureServer(server, () => rest(raw, RAW, SECONDS)),
      gRPC: () => measureServer(server, () => grpc(SECONDS)),
    });
    return { model: model.name, found };
  } finally {
    await server.stop();
  }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const report = { cores: CORES, seconds: SECONDS, rounds: ROUNDS, served: [], cost: [] };
try {
  if (flags.only.includes('served')) {
    console.log(
      '| ResNet50, rows a batch | engine alone, batches/s | raw bytes | of the engine | its CPU | JSON | of the engine | its CPU |',
    );
    console.log('|---|---|---|---|---|---|---|---|');
    for (const rows of BATCHES) {
      const one = await compareServed(rows);
      report.served.push(one);
      const side = (name) =>
        `${one[name].perSecond.toFixed(2)} | ${percent(one.share[name])} | ${percent(one.cpuShare[name])}`;
      console.log(`| ${rows} | ${one.engine.perSecond.toFixed(2)} | ${side('binary')} | ${side('json')} |`);
    }
  }
  if (flags.only.includes('cost')) {
    console.log('\n| model | over | requests/s | CPU µs a request |\n|---|---|---|---|');
    for (const model of prepareModels(['toy', 'mlp'])) {
      const one = await measureCost(model);
      report.cost.push(one);
      for (const [way, { perSecond, cpuMs }] of Object.entries(one.found))
        console.log(`| ${one.model} | ${way} | ${perSecond.toFixed(0)} | ${(1000 * cpuMs).toFixed(1)} |`);
    }
  }
  if (flags.json !== undefined) writeFileSync(flags.json, JSON.stringify(report, undefined, 2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

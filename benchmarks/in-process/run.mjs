// Speed of compiled models against TensorFlow, both in process, with the same inputs and as many threads:
//
//   node benchmarks/in-process/run.mjs [--threads 2] [--batches 1,8] [--seconds 4] [--smoke] [NAME …]
//
// TensorFlow runs saved_model.load and the graph function of the signature. The two take turns in bursts of half a
// second, so that whatever else the machine does hits both; a figure is the median of its runs. Needs `npm run build`
// and a Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON). Prints a markdown table; the exit status is 1 when an answer
// differs. --smoke takes the two smallest models for a moment.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tfdeploy-oracle');
const python = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(cache, 'tf', 'bin', 'python');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    batches: { type: 'string', default: '1,8' },
    seconds: { type: 'string', default: '4' },
    smoke: { type: 'boolean', default: false },
  },
});

/** Inputs of one row; `ids` and `mask` are those of the encoder with 128 words. */
const MODELS = {
  MobileNetV2: { shape: [224, 224, 3] },
  ResNet50: { shape: [224, 224, 3] },
  EfficientNetB0: { shape: [224, 224, 3] },
  encoder: { words: 128 },
  LSTM: { shape: [50, 64] },
  MLP: { shape: [256] },
};
const BURST_MS = 500;
const WARM_ROUNDS = 3;

function exportModel(name) {
  const folder = name === 'encoder' ? join(cache, 'encoder', 'base') : join(cache, 'in-process', name);
  if (existsSync(join(folder, 'model', 'saved_model.pb'))) return join(folder, 'model');
  const draft = `${folder}.tmp`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const script =
    name === 'encoder' ? [here('../../test/oracle/encoder.py'), draft] : [here('models.py'), name, draft];
  execFileSync(python, script, { stdio: ['ignore', 'ignore', 'pipe'] });
  renameSync(draft, folder);
  return join(folder, 'model');
}

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function tensor(dtype, shape, make) {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const data = (dtype === 'int32' ? Int32Array : Float32Array).from({ length: count }, make);
  return { dtype, shape, b64: Buffer.from(data.buffer).toString('base64') };
}

function makeInputs({ shape, words }, inputName, batch) {
  const next = random(17);
  if (words === undefined) return { [inputName]: tensor('float32', [batch, ...shape], () => next() * 2 - 1) };
  return {
    input_ids: tensor('int32', [batch, words], () => Math.floor(next() * 30000)),
    input_mask: tensor('int32', [batch, words], () => 1),
  };
}

/** A child that answers each line with a line. */
function startSide(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args[0]} ended early`);
    return JSON.parse(value);
  };
  return {
    read,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return read();
    },
    stop: () => child.stdin.end(),
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function compare(sides, seconds) {
  const times = sides.map(() => []);
  const rounds = [];
  for (const [at, side] of sides.entries()) {
    const { ms } = await side.ask({ rounds: WARM_ROUNDS });
    rounds[at] = Math.max(1, Math.round(BURST_MS / median(ms)));
  }
  for (const endMs = performance.now() + seconds * 2000; performance.now() < endMs; ) {
    for (const [at, side] of sides.entries()) times[at].push(...(await side.ask({ rounds: rounds[at] })).ms);
  }
  return times.map(median);
}

function differ(ours, theirs) {
  return Object.entries(theirs).some(([name, values]) => {
    const scale = Math.max(...values.map(Math.abs), 1e-6);
    return values.some((value, at) => !(Math.abs(value - ours[name]?.[at]) <= 1e-3 * scale));
  });
}

async function runModel(name, scratch) {
  const model = exportModel(name);
  const plan = join(scratch, name);
  const bin = here('../../bin/tfdeploy.js');
  const converted = execFileSync(
    process.execPath,
    [bin, 'convert', model, '-o', plan, '--signature', 'serving_default', '--json'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  if (JSON.parse(converted).refused.length > 0) throw new Error(`${name} was refused`);
  const { readPlan } = await import('../../dist/convert/plan-files.js');
  const inputName = readPlan(plan).signatures[0].inputs[0].name;
  const ours = startSide(process.execPath, [here('tfdeploy-side.mjs'), plan, flags.threads]);
  const theirs = startSide(python, [here('tensorflow_side.py'), model, flags.threads]);
  try {
    const versions = [(await ours.read()).ready, (await theirs.read()).ready];
    const rows = [];
    for (const batch of flags.batches.split(',').map(Number)) {
      const path = join(scratch, `${name}-${batch}.json`);
      writeFileSync(path, JSON.stringify({ inputs: makeInputs(MODELS[name], inputName, batch) }));
      const answers = [await ours.ask({ case: path }), await theirs.ask({ case: path })];
      const [oursMs, theirsMs] = await compare([ours, theirs], Number(flags.seconds));
      rows.push({ name, batch, oursMs, theirsMs, differs: differ(answers[0].outputs, answers[1].outputs) });
    }
    return { rows, versions };
  } finally {
    ours.stop();
    theirs.stop();
  }
}

const names = positionals.length > 0 ? positionals : flags.smoke ? ['MLP', 'LSTM'] : Object.keys(MODELS);
if (flags.smoke) flags.seconds = '0.5';
for (const name of names)
  if (!(name in MODELS)) throw new Error(`unknown model ${name}; known: ${Object.keys(MODELS)}`);
const scratch = mkdtempSync(join(tmpdir(), 'tfdeploy-in-process-'));
try {
  let isWrong = false;
  let head = '';
  for (const name of names) {
    const { rows, versions } = await runModel(name, scratch);
    if (head === '') {
      head = `${cpus()[0]?.model ?? 'unknown processor'}, ${flags.threads} threads, ${versions[0]}, TensorFlow ${versions[1]}, Node.js ${process.version}`;
      console.log(
        `${head}\n\n| model | batch | tfdeploy ms | TensorFlow ms | ratio | answers |\n|---|---|---|---|---|---|`,
      );
    }
    for (const { batch, oursMs, theirsMs, differs } of rows) {
      isWrong ||= differs;
      console.log(
        `| ${name} | ${batch} | ${oursMs.toFixed(2)} | ${theirsMs.toFixed(2)} | ${(theirsMs / oursMs).toFixed(2)} | ${differs ? '**differ**' : 'alike'} |`,
      );
    }
  }
  process.exitCode = isWrong ? 1 : 0;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

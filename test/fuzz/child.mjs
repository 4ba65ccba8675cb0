// Takes mutated model files through everything that reads, converts and runs them; one line per mutant on stdout.
//
//   node test/fuzz/child.mjs CORPUS SEED FROM TO
//
// It prints `begin N` before each mutant and `end N RESULT` after it, so that a parent knows what it died of.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRandom, mutateBytes, mutateMessage } from '../fixtures/mutate.mjs';
import { readGraphs } from '../random/check.mjs';
import { loadProduct } from '../random/product.mjs';
import { mutateGraph } from './mutate-graph.mjs';

const [corpusPath, seed, from, to] = process.argv.slice(2);
const DIST = new URL('../../dist/', import.meta.url);
const load = (path) => import(new URL(path, DIST).href);
const product = await loadProduct(DIST);
const [
  { TF_SCHEMA },
  { decodeMessage },
  { encodeMessage },
  { summarizeModel },
  { nodeFiles },
  { isTfdeployError },
] = await Promise.all([
  load('savedmodel/proto/schema.js'),
  load('savedmodel/wire/decode.js'),
  load('savedmodel/wire/encode.js'),
  load('savedmodel/summary.js'),
  load('base/node-files.js'),
  load('base/error.js'),
]);
const tools = {
  decode: (name, bytes) => decodeMessage(TF_SCHEMA, name, bytes),
  encode: (name, message) => encodeMessage(TF_SCHEMA, name, message),
};
const graphs = readGraphs(product, corpusPath).map((graph) => ({
  ...graph,
  decoded: tools.decode('SavedModel', graph.model),
}));
const EXAMPLE = new URL('../../examples/digits/model', import.meta.url);
const SAVED = readFileSync(new URL('../../examples/digits/model/saved_model.pb', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'tfdeploy-fuzz-'));
const ops = [...new Set(graphs.flatMap((graph) => graph.ops))];

/** Where a mutant's files lie, what it was made of, and the requests for it. */
function makeMutant(number) {
  const random = makeRandom(Number(seed) * 1_000_003 + number);
  const dir = join(work, 'model');
  rmSync(dir, { recursive: true, force: true });
  cpSync(EXAMPLE, dir, { recursive: true });
  const kind = random.int(10);
  if (kind < 2) {
    const path = join(
      dir,
      random.pick(['variables/variables.index', 'variables/variables.data-00000-of-00001', 'saved_model.pb']),
    );
    writeFileSync(path, mutateBytes(readFileSync(path), random));
    return { dir, what: `digits ${path.split('/').at(-1)}`, runs: [] };
  }
  if (kind === 2) {
    const { model, changes } = mutateGraph(tools.decode('SavedModel', SAVED), random, tools, ops);
    writeFileSync(join(dir, 'saved_model.pb'), tools.encode('SavedModel', model));
    return { dir, what: `digits ${changes}`, runs: [] };
  }
  rmSync(join(dir, 'variables'), { recursive: true });
  const graph = random.pick(graphs);
  if (kind === 3) {
    writeFileSync(join(dir, 'saved_model.pb'), mutateBytes(graph.model, random));
    return { dir, what: `${graph.name} bytes`, runs: graph.runs };
  }
  if (kind === 4) {
    const words = [...graph.ops, '', 'x0', 'x0:0', '^x0', 'gone', 'a:b:0', '__proto__'];
    const message = mutateMessage(TF_SCHEMA, 'SavedModel', graph.decoded, random, words);
    writeFileSync(join(dir, 'saved_model.pb'), tools.encode('SavedModel', message));
    return { dir, what: `${graph.name} message`, runs: graph.runs };
  }
  const { model, changes } = mutateGraph(graph.decoded, random, tools, ops);
  writeFileSync(join(dir, 'saved_model.pb'), tools.encode('SavedModel', model));
  return { dir, what: `${graph.name} ${changes}`, runs: graph.runs };
}

/** How far it came, or a fault: an error without a code. */
async function tryMutant({ dir, runs }) {
  let stage = 'open';
  try {
    const model = product.openSavedModel(nodeFiles, dir);
    stage = 'inspect';
    summarizeModel(model);
    stage = 'compile';
    const compiled = product.compileModel(model, {});
    if (compiled.signatures.length === 0) {
      const codes = compiled.refused.flatMap(({ blockers }) => blockers.map(({ code }) => code));
      return codes.includes('TFD_BUG')
        ? `FAULT compile blocker TFD_BUG ${JSON.stringify(compiled.refused)}`
        : `refused ${codes[0] ?? 'no signature'}`;
    }
    stage = 'write';
    const planDir = join(work, 'plan');
    rmSync(planDir, { recursive: true, force: true });
    product.writePlan({ ...compiled, source: 'fuzz' }, planDir);
    stage = 'run';
    return await runAll(planDir, compiled, runs);
  } catch (error) {
    if (isTfdeployError(error) && error.code !== 'TFD_BUG') return `${stage} ${error.code}`;
    return `FAULT ${stage} ${error?.stack ?? error}`;
  }
}

async function runAll(planDir, compiled, runs) {
  const runner = await product.createInlineRunner(planDir, {});
  try {
    for (const { name, inputs } of compiled.signatures) {
      for (const run of runs.slice(0, 1)) {
        const given = new Map(
          [...run.inputs].filter(([input]) => inputs.some((each) => each.name === input)),
        );
        try {
          await runner.run(name, given);
        } catch (error) {
          if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
          return `run ${error.code}`;
        }
      }
    }
    return 'ran';
  } finally {
    await runner.close();
  }
}

const tell = (line) => writeSync(1, `${line.replaceAll('\n', ' | ')}\n`);
try {
  for (let number = Number(from); number < Number(to); number++) {
    const mutant = makeMutant(number);
    tell(`begin ${number} ${mutant.what}`);
    const before = process.cpuUsage();
    const result = await tryMutant(mutant);
    const { user, system } = process.cpuUsage(before);
    tell(
      `end ${number} ${Math.round((user + system) / 1000)} ${Math.round(process.memoryUsage().rss / 2 ** 20)} ${result}`,
    );
  }
  tell('done');
} finally {
  rmSync(work, { recursive: true, force: true });
}

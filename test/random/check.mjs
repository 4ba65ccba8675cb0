import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A file system that holds one model. */
function filesOf(bytes) {
  const path = 'model/saved_model.pb';
  return {
    list: (dir) => (dir === 'model' ? ['saved_model.pb'] : []),
    isDirectory: (each) => each === 'model',
    exists: (each) => each === 'model' || each === path,
    size: () => bytes.length,
    read: () => bytes,
    readRange: (_, offset, length) => bytes.slice(offset, offset + length),
  };
}

/** Random graphs with TensorFlow's answers, as test/oracle/random/generate.py writes them. */
export function readGraphs(product, path) {
  const { inflateCase, readCase } = product;
  const { cases } = JSON.parse(new TextDecoder().decode(inflateCase(readFileSync(path), path)));
  return cases.map((each) => ({
    ...each,
    model: Buffer.from(each.model_b64, 'base64'),
    runs: each.runs.map((run) => readCase(run, each.name)),
  }));
}

function describe(error) {
  return `${error.code ?? error.name}: ${error.message}`;
}

function shapesOf({ inputs }) {
  return new Map([...inputs].map(([name, { shape }]) => [name, shape]));
}

/** Keeps one signature, and of it one output where that is named. */
function narrow(model, signature, output) {
  if (output === undefined) return model;
  const metaGraphs = model.metaGraphs.map((meta) => {
    const whole = meta.signatures.get(signature);
    const outputs = new Map([[output, whole.outputs.get(output)]]);
    const signatures = new Map([...meta.signatures, [signature, { ...whole, outputs }]]);
    return { ...meta, signatures };
  });
  return { ...model, metaGraphs };
}

/** Compiles a graph; where only a shape is missing, for the shapes of its first run. */
function compile(product, graph, { signature = 'serving_default', output } = {}) {
  const model = narrow(product.openSavedModel(filesOf(graph.model), 'model'), signature, output);
  const build = (options) => {
    const made = product.compileModel(model, { signatures: [signature], ...options });
    return { signature: made.signatures[0], blockers: made.refused.flatMap(({ blockers }) => blockers) };
  };
  const first = build({});
  if (first.signature !== undefined) return { ...first, isFixed: false };
  if (first.blockers.some(({ code }) => code !== 'TFD_SHAPE_UNKNOWN')) return first;
  const { signature: fixed } = build({ inputShapes: shapesOf(graph.runs[0]) });
  return { signature: fixed, blockers: first.blockers, isFixed: true };
}

function compareAll(product, answers, expected, output) {
  const wanted = output === undefined ? [...answers.keys()] : [output];
  return wanted.flatMap((name) => {
    const tensor = expected.get(name);
    const answer = answers.get(name);
    if (answer === undefined || tensor === undefined) return [`${name}: no answer`];
    const { matches, why } = product.compareOutput(answer, tensor);
    return matches ? [] : [`${name}: ${why}`];
  });
}

/** Runs compiled signatures through their plan on disk, and calls back with each one's differences. */
async function runPlan(product, dir, entries, options, onResult) {
  rmSync(dir, { recursive: true, force: true });
  product.writePlan(
    { source: 'random', signatures: entries.map(({ compiled }) => compiled), refused: [] },
    dir,
  );
  let variants = 0;
  const compileVariant = async (name, shapes) => {
    const { graph } = entries.find(({ compiled }) => compiled.name === name);
    const inputShapes = new Map(Object.entries(shapes));
    const source = product.openSavedModel(filesOf(graph.model), 'model');
    const made = product.compileModel(source, { signatures: ['serving_default'], inputShapes });
    const [found] = made.signatures;
    if (found === undefined) throw new Error(made.refused[0]?.blockers[0]?.why ?? 'refused');
    const variantDir = `${dir}-variant${variants++}`;
    product.writePlan({ source: 'random', signatures: [{ ...found, name }], refused: [] }, variantDir);
    return variantDir;
  };
  const runner = await product.createInlineRunner(dir, { compileVariant });
  try {
    for (const entry of entries) {
      const wrong = [];
      let comparisons = 0;
      for (const [index, run] of entry.graph.runs.entries()) {
        if (entry.isFixed && index > 0) continue;
        const inputs = new Map(
          [...run.inputs].filter(([name]) => entry.compiled.inputs.some((each) => each.name === name)),
        );
        try {
          const answers = await runner.run(entry.compiled.name, inputs);
          comparisons += answers.size;
          wrong.push(
            ...compareAll(product, answers, run.outputs, options.output).map((why) => `run ${index} ${why}`),
          );
        } catch (error) {
          wrong.push(`run ${index} ${describe(error)}`);
        }
      }
      onResult(entry, wrong, comparisons);
    }
  } finally {
    await runner.close();
    rmSync(dir, { recursive: true, force: true });
    for (let each = 0; each < variants; each++)
      rmSync(`${dir}-variant${each}`, { recursive: true, force: true });
  }
}

/**
 * Checks graphs and returns one row for each: `match`, `differs` (a wrong answer, an error while it runs, or a
 * refusal of an operation that is claimed), `shape` (refused for a shape that the graph does not tell, and right
 * once the shapes are given) or `refused` (an operation that is not claimed).
 */
export async function checkGraphs(product, graphs, workDir, options = {}) {
  const rows = [];
  const entries = [];
  for (const [index, graph] of graphs.entries()) {
    const row = { name: graph.name, tier: graph.tier, ops: graph.ops, hides: graph.hides, outcome: 'match' };
    rows.push({ ...row, why: '', blockers: [], comparisons: 0 });
    try {
      const { signature, blockers, isFixed } = compile(product, graph, options);
      rows[index].blockers = blockers.map(({ code, op, why }) => ({ code, op, why }));
      if (signature === undefined) {
        const claimed = blockers.filter(
          ({ code, op }) => code !== 'TFD_SHAPE_UNKNOWN' && product.isClaimed(op),
        );
        rows[index].outcome = claimed.length > 0 ? 'differs' : 'refused';
        rows[index].why = blockers.map(({ code, op, why }) => `${code} ${op}: ${why}`).join('; ');
      } else {
        rows[index].ops = [...new Set([...graph.ops, ...signature.ops.keys()])];
        entries.push({ graph, isFixed, index, compiled: { ...signature, name: `g${index}` } });
      }
    } catch (error) {
      Object.assign(rows[index], { outcome: 'differs', why: `compiling: ${describe(error)}` });
    }
  }
  const settle = ({ index, isFixed }, wrong, comparisons) => {
    const outcome = wrong.length > 0 ? 'differs' : isFixed ? 'shape' : 'match';
    Object.assign(rows[index], { outcome, why: wrong.slice(0, 4).join('; '), comparisons });
  };
  const dir = join(workDir, 'plan');
  try {
    if (entries.length > 0) await runPlan(product, dir, entries, options, settle);
  } catch (error) {
    // One graph that can not be written must not hide the others.
    if (entries.length === 1)
      Object.assign(rows[entries[0].index], { outcome: 'differs', why: describe(error) });
    else {
      for (const entry of entries) {
        const [row] = await checkGraphs(product, [entry.graph], workDir, options);
        rows[entry.index] = row;
      }
    }
  }
  return rows;
}

/** The node behind a step: its name, operation, attributes and inputs, in one line. */
function describeStep(product, graph, output) {
  const [meta] = product.openSavedModel(filesOf(graph.model), 'model').metaGraphs;
  const name = meta.signatures.get('trace').outputs.get(output).name.split(':')[0];
  const nodes = new Map([...meta.graph.nodes].map((node) => [node.name, node]));
  const tell = ({ op, name: own, attrs, inputs }, depth) => {
    const values = [...attrs].filter(([key]) => !key.startsWith('_') && key !== 'value');
    const shown = values.map(([key, { value }]) => `${key}=${JSON.stringify(value, toText)}`).join(' ');
    const from = depth > 0 ? inputs.map((each) => nodes.get(each.split(':')[0])).filter(Boolean) : [];
    const constant = attrs.get('value')?.value;
    const data =
      constant === undefined ? '' : `${[...constant.read().data].slice(0, 12)} of [${constant.shape}]`;
    return `${own} = ${op}(${from.map((each) => tell(each, depth - 1)).join(', ')}) ${shown} ${data}`;
  };
  return tell(nodes.get(name), 2).slice(0, 1500);
}

function toText(_, value) {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}

/**
 * The first step of a graph that differs, with the answers of every step at hand (`generate.py --only`): its
 * output's name, and why.
 */
export async function shrink(product, graph, workDir) {
  const names = [...graph.runs[0].outputs.keys()].filter((name) => name.startsWith('t'));
  for (const output of names) {
    const [row] = await checkGraphs(product, [graph], workDir, { signature: 'trace', output });
    if (row.outcome === 'differs')
      return { output, why: row.why, node: describeStep(product, graph, output) };
  }
  return undefined;
}

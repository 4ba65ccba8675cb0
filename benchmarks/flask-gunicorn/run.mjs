// Side by side in one run on this machine: `tfdeploy serve` against Flask + gunicorn + TensorFlow.
//   node benchmarks/flask-gunicorn/run.mjs [--models toy,mlp,mobilenetv2] [--contenders tfdeploy,a,b,c]
//     [--seconds 10] [--rounds 1] [--json FILE] [--smoke]
// (c), tfjs-node, is there once install-tfjs-node.mjs has been run. Prints a markdown table and the ratios. The models are exported by real TensorFlow once, into the cache folder.
// --smoke only shows that everything works: two seconds each, too few requests for a p99 of slow models.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CONTENDERS, INSTALLED, makePlanCache, startContender } from './contenders.mjs';
import { HAS_WRK, LEAST_REQUESTS, measureLatency, measureSaturation } from './load.mjs';
import { treePssBytes } from './memory.mjs';
import { checkPython, MODELS, prepareModels } from './models.mjs';
import { formatTable } from './table.mjs';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: Object.keys(MODELS).join(',') },
    contenders: { type: 'string', default: INSTALLED.join(',') },
    seconds: { type: 'string', default: '10' },
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1' },
    json: {
      type: 'string',
      default: fileURLToPath(new URL('../../.cache/flask-gunicorn.json', import.meta.url)),
    },
  },
});
const seconds = flags.smoke ? 2 : Number(flags.seconds);
const leastRequests = flags.smoke ? 1 : LEAST_REQUESTS;
const contenders = split(flags.contenders, CONTENDERS);
if (contenders.some((name) => name !== 'tfdeploy')) checkPython();
const results = [];
for (const model of prepareModels(split(flags.models, MODELS))) {
  for (let round = 0; round < Number(flags.rounds); round++) await compare(model, round);
}
const report = {
  schema: 'tfdeploy.flask-gunicorn/1',
  at: new Date().toISOString(),
  machine: { cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
  saturationTool: HAS_WRK ? 'wrk' : 'tfdeploy bench',
  seconds,
  results,
};
mkdirSync(dirname(flags.json), { recursive: true });
writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
console.log(formatTable(report));
console.error(`written: ${flags.json}`);

/**
 * The peers come first: their saturation sets the rates at which everybody's latency is measured. Each
 * contender runs alone.
 */
async function compare(model, round) {
  const rates = new Map();
  const expected = new Map();
  const order = contenders.toSorted(
    (left, right) => Number(left === 'tfdeploy') - Number(right === 'tfdeploy'),
  );
  for (const name of order) {
    const cache = makePlanCache();
    try {
      const cold = name === 'tfdeploy' ? await firstAnswer(name, model, cache.folder) : undefined;
      const server = await startContender(name, model, cache.folder);
      try {
        note(model, name, `first answer after ${Math.round(cold ?? server.firstAnswerMs)} ms`);
        expected.set(name, server.predictions);
        const saturation = await measureSaturation(server.url, model.request, seconds);
        const pssBytes = treePssBytes(server.pid);
        note(model, name, `${saturation.perSecond.toFixed(1)} requests/s, ${Math.round(pssBytes / 1e6)} MB`);
        if (name !== 'tfdeploy') rates.set(name, saturation.perSecond / 2);
        const latency = {};
        for (const [peer, qps] of rates) {
          if (name !== 'tfdeploy' && name !== peer) continue;
          latency[peer] = await measureLatency(server.url, model.request, qps, seconds, leastRequests);
          const { p50Ms, p99Ms, verdict } = latency[peer];
          note(model, name, `at ${qps.toFixed(1)}/s: p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${verdict}`);
        }
        results.push({
          model: model.name,
          contender: name,
          round,
          coldFirstAnswerMs: cold ?? server.firstAnswerMs,
          warmFirstAnswerMs: name === 'tfdeploy' ? server.firstAnswerMs : null,
          saturation,
          pssBytes,
          latency,
        });
      } finally {
        await server.stop();
      }
    } finally {
      cache.remove();
    }
  }
  checkAnswers(model, expected);
}

/** Start to first answer where nothing is compiled yet. */
async function firstAnswer(name, model, planCache) {
  const server = await startContender(name, model, planCache);
  await server.stop();
  return server.firstAnswerMs;
}

/** A fast wrong answer is worth nothing: all have to give the same numbers. */
function checkAnswers(model, answers) {
  const [[first, reference], ...others] = answers;
  const wanted = reference.flat(Number.POSITIVE_INFINITY);
  const most = Math.max(...wanted.map(Math.abs));
  for (const [name, predictions] of others) {
    const got = predictions.flat(Number.POSITIVE_INFINITY);
    const isSame =
      got.length === wanted.length &&
      got.every((value, at) => Math.abs(value - wanted[at]) <= 1e-5 * most + 1e-4 * Math.abs(wanted[at]));
    if (!isSame) throw new Error(`${model.name}: ${name} and ${first} answer differently`);
  }
}

function split(text, table) {
  return text.split(',').map((name) => {
    if (!Object.hasOwn(table, name)) throw new Error(`'${name}' is none of ${Object.keys(table).join(', ')}`);
    return name;
  });
}

function note(model, name, text) {
  console.error(`${model.name.padEnd(12)} ${name.padEnd(9)} ${text}`);
}

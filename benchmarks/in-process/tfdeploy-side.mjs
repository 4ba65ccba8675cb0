// The same protocol as tensorflow_side.py, for a compiled model: tfdeploy-side.mjs PLAN THREADS
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const dist = (path) => import(new URL(`../../dist/${path}`, import.meta.url));
const { parseCase } = await dist('base/case-format.js');
const { createInlineRunner } = await dist('engine/inline.js');
const { resolveEngine } = await dist('engine/resolve.js');

const [plan, threads] = process.argv.slice(2);
const engine = await resolveEngine();
const runner = await createInlineRunner(plan, { engine, threads: Number(threads) });
const signature = 'serving_default';
let inputs = new Map();

async function load(path) {
  inputs = parseCase(readFileSync(path), path).inputs;
  const outputs = await runner.run(signature, inputs);
  return Object.fromEntries(
    [...outputs].map(([name, { data }]) => [name, Array.from(data.slice(0, 8), Number)]),
  );
}

async function measure(rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await runner.run(signature, inputs);
    times.push(performance.now() - startMs);
  }
  return times;
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ ready: `${engine.name} ${engine.version}` });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  say('case' in asked ? { outputs: await load(asked.case) } : { ms: await measure(asked.rounds) });
}
await runner.close();

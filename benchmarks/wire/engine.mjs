// The engine alone, in a tight loop: engine.mjs PLAN ROWS THREADS. Reads a number of seconds a line from standard
// input, runs for that long on one batch, and answers with the runs, the seconds and the CPU milliseconds they took.
import { createInterface } from 'node:readline';
import { makeRandom } from '../flask-gunicorn/models.mjs';

const dist = (path) => import(new URL(`../../dist/${path}`, import.meta.url));
const { numericTensor } = await dist('base/tensor.js');
const { readPlan } = await dist('convert/plan-files.js');
const { createInlineRunner } = await dist('engine/inline.js');

const [plan, rows, threads] = process.argv.slice(2);
const runner = await createInlineRunner(plan, { threads: Number(threads) });
const [{ inputs: declared, name: signature }] = readPlan(plan).signatures;
const [input] = declared;
const shape = [Number(rows), ...input.shape.slice(1)];
const random = makeRandom();
const count = shape.reduce((product, dim) => product * dim, 1);
const inputs = new Map([
  [input.name, numericTensor('float32', shape, Float32Array.from({ length: count }, random))],
]);
for (let warm = 0; warm < 3; warm++) await runner.run(signature, inputs);

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const startMs = performance.now();
  const usage = process.cpuUsage();
  const endMs = startMs + Number(line) * 1000;
  let runs = 0;
  for (; performance.now() < endMs; runs++) await runner.run(signature, inputs);
  const { user, system } = process.cpuUsage(usage);
  say({ runs, seconds: (performance.now() - startMs) / 1000, cpuMs: (user + system) / 1000 });
}

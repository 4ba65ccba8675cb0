// Runs the cases of one plan with ONNX Runtime and compares them with TensorFlow's answers. Prints JSON.
import { readFileSync } from 'node:fs';

const [planDir, ...casePaths] = process.argv.slice(2);
const { compareOutput, parseCase } = await import('../../dist/base/case-format.js');
const { toDoubles } = await import('../../dist/base/compare.js');
const { createInlineRunner } = await import('../../dist/engine/inline.js');

const runner = await createInlineRunner(planDir, { threads: 2 });
const loadStarted = performance.now();
await runner.warm('serving_default');
const loadMs = performance.now() - loadStarted;
const cases = [];
for (const path of casePaths) {
  const given = parseCase(readFileSync(path), path);
  const started = performance.now();
  const answers = await runner.run('serving_default', given.inputs);
  const runMs = performance.now() - started;
  for (const [name, expected] of given.outputs)
    cases.push({ name, runMs, ...measure(answers.get(name), expected) });
}
await runner.close();
console.log(JSON.stringify({ loadMs, cases }));

function measure(actual, expected) {
  const { matches, why } = compareOutput(actual, expected);
  const [a, b] = [toDoubles(actual), toDoubles(expected)];
  let [largest, maxAbs, difference, sum, mean] = [0, 0, 0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    maxAbs = Math.max(maxAbs, Math.abs(a[i] - b[i]));
    difference += (a[i] - b[i]) ** 2;
    sum += b[i] ** 2;
    mean += b[i] / b.length;
  }
  let share = 0;
  for (let i = 0; i < b.length; i++) {
    share = Math.max(share, Math.abs(a[i] - b[i]) / (1e-5 * largest + 1e-4 * Math.abs(b[i])));
  }
  const relL2 = Math.sqrt(difference / sum);
  const spread = Math.sqrt(Math.max(sum / b.length - mean ** 2, 0));
  return { matches, why, largest, spread, maxAbs, relL2, share };
}

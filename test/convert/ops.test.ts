import { describe, expect, it } from 'vitest';
import { compareTensors, toDoubles } from '../../src/base/compare.js';
import { isTfdeployError } from '../../src/base/error.js';
import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import { compileSignature } from '../../src/convert/compile-signature.js';
import { isRefused } from '../../src/convert/compiled.js';
import { buildGraph } from '../../src/graph/build.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { memoryModel } from '../fixtures/saved-model-writer.js';
import { type Mode, type OpCase, readOpCases, toModel, toTensor } from './op-cases.js';
import { loadCompiled } from './run-compiled.js';

const MODES: readonly Mode[] = ['static', 'dynamic', 'unranked'];

/** A refusal that a mode may end in; a wrong answer never is. */
function isAllowedRefusal(opCase: OpCase, mode: Mode, code: string): boolean {
  if (code !== 'TFD_SHAPE_UNKNOWN') return false;
  return mode === 'unranked' || (mode === 'dynamic' && opCase.staticOnly !== undefined);
}

/** Two units of precision of the types that are too short for the house tolerance. */
const SHORT_FLOATS: Readonly<Record<string, number>> = { float16: 2 ** -9, bfloat16: 2 ** -6 };

/**
 * The house tolerance. TensorFlow rounds float16 and bfloat16 after each step of an operation and ONNX Runtime
 * computes them in float32, so there two units of the type's own precision are added.
 */
function explainDifference(actual: Tensor, expected: Tensor): string | undefined {
  const { matches, why } = compareTensors(actual, expected);
  const units = SHORT_FLOATS[expected.dtype];
  if (matches) return undefined;
  if (units === undefined || actual.dtype === 'string' || expected.dtype === 'string') return why;
  if (actual.dtype !== expected.dtype || String(actual.shape) !== String(expected.shape)) return why;
  const [a, b] = [toDoubles(actual), toDoubles(expected)];
  const isNear = Array.from(b).every((y, index) => {
    const x = a[index] ?? Number.NaN;
    return Object.is(x, y) || Math.abs(x - y) <= units * Math.max(Math.abs(y), 1e-3);
  });
  return isNear ? undefined : why;
}

/** Runs a case through SavedModel, graph, converter and ONNX Runtime; what is wrong with it, or undefined. */
async function checkCase(opCase: OpCase, mode: Mode): Promise<string | undefined> {
  const model = openSavedModel(memoryModel(toModel(opCase, mode)), 'model');
  const metaGraph = model.metaGraphs[0];
  if (metaGraph === undefined) return 'no MetaGraph';
  const graph = buildGraph(model, metaGraph, 'serving_default');
  const compiled = compileSignature(graph, { methodName: '' });
  if (isRefused(compiled)) {
    const bad = compiled.blockers.find(({ code }) => !isAllowedRefusal(opCase, mode, code));
    return bad === undefined ? undefined : `refused: ${bad.code} ${bad.why}`;
  }
  const inputs: TensorMap = new Map(
    opCase.inputs.flatMap((input, index) => (input.const ? [] : [[`i${index}`, toTensor(input)]])),
  );
  const loaded = await loadCompiled(compiled);
  try {
    const outputs = await loaded.run(inputs);
    for (const [index, expectedJson] of opCase.outputs.entries()) {
      const expected = toTensor(expectedJson);
      const actual = outputs.get(`o${index}`);
      if (actual === undefined) return `output ${index} is missing`;
      const comparable =
        opCase.shapeOnly === undefined ? actual : { ...expected, dtype: actual.dtype, shape: actual.shape };
      const why = explainDifference(comparable as Tensor, expected);
      if (why !== undefined) return `output ${index}: ${why}`;
    }
    return compiled.isBatchable ? await checkRows(inputs, outputs, loaded.run) : undefined;
  } finally {
    await loaded.close();
  }
}

/** Row `row` of a tensor, as a batch of one. */
function takeRow(tensor: Tensor, row: number): Tensor {
  const shape = [1, ...tensor.shape.slice(1)];
  const size = tensor.data.length / (tensor.shape[0] ?? 1);
  return { ...tensor, shape, data: tensor.data.slice(row * size, (row + 1) * size) } as Tensor;
}

/** A batchable signature gives for each row alone what it gives for it in the batch. */
async function checkRows(
  inputs: TensorMap,
  outputs: TensorMap,
  run: (inputs: TensorMap) => Promise<TensorMap>,
): Promise<string | undefined> {
  const [count, ...others] = [...inputs.values()].map(({ shape }) => shape[0] ?? 0);
  if (count === undefined || others.some((each) => each !== count)) return undefined;
  for (let row = 0; row < count; row++) {
    const alone = await run(new Map([...inputs].map(([name, tensor]) => [name, takeRow(tensor, row)])));
    for (const [name, whole] of outputs) {
      const actual = alone.get(name);
      if (whole.shape[0] !== count || actual === undefined) return `batchable, but ${name} has another batch`;
      const why = explainDifference(actual, takeRow(whole, row));
      if (why !== undefined) return `batchable, but ${name} of row ${row} alone: ${why}`;
    }
  }
  return undefined;
}

async function reportCase(opCase: OpCase, mode: Mode): Promise<string[]> {
  try {
    const problem = await checkCase(opCase, mode);
    return problem === undefined ? [] : [`${opCase.name} (${mode}): ${problem}`];
  } catch (error) {
    if (isTfdeployError(error) && isAllowedRefusal(opCase, mode, error.code)) return [];
    return [`${opCase.name} (${mode}): ${(error as Error).message.slice(0, 300)}`];
  }
}

for (const [family, cases] of readOpCases()) {
  describe(`operations: ${family}`, () => {
    for (const op of new Set(cases.map((each) => each.op))) {
      const own = cases.filter((each) => each.op === op);
      it(`${op} (${own.length} cases)`, async () => {
        const problems: string[] = [];
        for (const opCase of own)
          for (const mode of MODES) problems.push(...(await reportCase(opCase, mode)));
        expect(problems).toEqual([]);
      });
    }
  });
}

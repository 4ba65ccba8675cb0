import { readFileSync } from 'node:fs';
import { type Case, compareOutput, inflateCase, readCase } from '../../src/base/case-format.js';
import type { Shape } from '../../src/base/shape.js';
import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { type LoadedSignature, loadCompiled } from './run-compiled.js';

/** A SavedModel of a few nodes with what TensorFlow answered. */
export interface ModelCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly case: Case;
}

/** What is told about the inputs: what the signature declares, only their ranks, nothing. */
export type Mode = 'declared' | 'dynamic' | 'unranked';

/** Reads a file that a script under test/oracle wrote. */
export function readModelCases(path: string): ModelCase[] {
  const document = JSON.parse(new TextDecoder().decode(inflateCase(readFileSync(path), path))) as {
    cases: { name: string; model_b64: string }[];
  };
  return document.cases.map((each) => ({
    name: each.name,
    model: Buffer.from(each.model_b64, 'base64'),
    case: readCase(each, each.name),
  }));
}

function inputShapes({ inputs }: Case, mode: Mode): ReadonlyMap<string, Shape> | undefined {
  if (mode === 'declared') return undefined;
  const unknown = (name: string, tensor: Tensor): Shape =>
    mode === 'unranked' ? null : tensor.shape.map((_, axis) => `${name}_${axis}`);
  return new Map([...inputs].map(([name, tensor]) => [name, unknown(name, tensor)]));
}

/**
 * Everything that is wrong with our answer: blockers of the conversion, or outputs that differ. Where less is
 * told than the signature declares, a model may be refused for it, but never answered wrongly.
 */
export async function runModelCase(given: ModelCase, mode: Mode = 'declared'): Promise<string[]> {
  const files = memoryFiles(new Map([['model/saved_model.pb', given.model]]));
  const shapes = inputShapes(given.case, mode);
  const compiled = compileModel(
    openSavedModel(files, 'model'),
    shapes === undefined ? {} : { inputShapes: shapes },
  );
  const blockers = compiled.refused
    .flatMap((each) => each.blockers)
    .filter(({ code }) => mode === 'declared' || code !== 'TFD_SHAPE_UNKNOWN');
  if (blockers.length > 0) return blockers.map(({ code, op, why }) => `${code} ${op}: ${why}`);
  const [signature] = compiled.signatures;
  if (signature === undefined) return [];
  const loaded = await loadCompiled(signature);
  try {
    const answers = await loaded.run(given.case.inputs);
    const wrong = compareAll(answers, given.case.outputs);
    if (wrong.length > 0 || !signature.isBatchable) return wrong;
    return await checkRow(loaded, given.case.inputs, answers);
  } finally {
    await loaded.close();
  }
}

function compareAll(answers: TensorMap, expected: Case['outputs']): string[] {
  return [...expected].flatMap(([name, tensor]) => {
    const { matches, why } = compareOutput(answers.get(name)!, tensor);
    return matches ? [] : [`${name}: ${why}`];
  });
}

/** The first of several rows must have the same answer alone. */
async function checkRow(loaded: LoadedSignature, inputs: TensorMap, answers: TensorMap): Promise<string[]> {
  if ([...inputs.values()].some((tensor) => (tensor.shape[0] ?? 0) < 2)) return [];
  const first = (map: TensorMap): TensorMap =>
    new Map([...map].map(([name, tensor]) => [name, firstRow(tensor)]));
  const alone = await loaded.run(first(inputs));
  return compareAll(alone, first(answers)).map((why) => `one row, ${why}`);
}

function firstRow(tensor: Tensor): Tensor {
  const size = tensor.data.length / tensor.shape[0]!;
  return { ...tensor, shape: [1, ...tensor.shape.slice(1)], data: tensor.data.slice(0, size) } as Tensor;
}

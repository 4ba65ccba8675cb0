import { describe, expect, it } from 'vitest';
import type { Dim } from '../../src/base/shape.js';
import type { Tensor } from '../../src/base/tensor.js';
import { heldValue } from '../../src/graph/constants.js';
import { Inference } from '../../src/graph/infer.js';
import { type Node, ValueFactory } from '../../src/graph/ir.js';
import { findShapeRow } from '../../src/graph/shapes/index.js';
import { opDef } from '../../src/savedmodel/opdefs.js';
import { type RecordedCase, readCases, tensorsOf } from '../kernels/recorded-cases.js';
import { fitsShape } from './dim-values.js';

type Knowledge = 'nothing' | 'integers' | 'shapes' | 'shapes and integers';

/** A node of the case's op, whose inputs are known as far as `knowledge` says. */
function makeNode(
  recorded: RecordedCase,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  knowledge: Knowledge,
) {
  const factory = new ValueFactory();
  const sizes = new Map<string, number>();
  const { attrs } = tensorsOf(recorded);
  const node: Node = {
    id: 0,
    op: recorded.op,
    name: 'case',
    origin: { node: 'case', calls: [], functionName: '' },
    inputs: [],
    attrs: new Map(attrs),
    outputs: [],
    bodies: new Map(),
  };
  node.inputs = inputs.map((tensor, i) => {
    const isKnown = knowledge === 'shapes' || knowledge === 'shapes and integers';
    const shape = tensor.shape.map((size, axis): Dim => {
      if (isKnown) return size;
      sizes.set(`in${i}_${axis}`, size);
      return `in${i}_${axis}`;
    });
    const value = factory.value(`in${i}`, tensor.dtype, shape);
    const isInteger = tensor.dtype === 'int32' || tensor.dtype === 'int64';
    if (isInteger && knowledge.endsWith('integers')) {
      value.shape = tensor.shape;
      value.constant = heldValue(tensor);
    }
    return value;
  });
  node.outputs = outputs.map((tensor, i) => factory.value(`out${i}`, tensor.dtype, null, node, i));
  return { node, sizes };
}

const cases = ['kernels.json.gz', 'text-kernels.json', 'parse-kernels.json'].flatMap(readCases);

describe('shapes that are inferred hold for what TensorFlow answers', () => {
  it.each<Knowledge>(['nothing', 'integers', 'shapes', 'shapes and integers'])('knowing %s', (knowledge) => {
    const wrong: string[] = [];
    for (const recorded of cases) {
      const { inputs, outputs } = tensorsOf(recorded);
      if (outputs === undefined || opDef(recorded.op) === undefined) continue;
      const { node, sizes } = makeNode(recorded, inputs, outputs, knowledge);
      new Inference(1).walk([node]);
      node.outputs.forEach((value, i) => {
        const real = outputs[i]!;
        const where = `${recorded.op} output ${i}: [${real.shape}] from [${inputs.map((t) => `[${t.shape}]`)}]`;
        if (value.shape !== null && !fitsShape(value.shape, real.shape, sizes)) {
          wrong.push(`${where}, inferred [${value.shape}]`);
        }
        const elements = value.elements;
        if (elements === undefined || real.dtype === 'string') return;
        const numbers = Array.from(real.data as ArrayLike<number | bigint>, Number);
        if (!fitsShape(elements, numbers, sizes)) wrong.push(`${where}, elements ${elements} are ${numbers}`);
      });
    }
    expect(wrong).toEqual([]);
  });

  it('is exact for most ops when all is known', () => {
    const vague = new Set<string>();
    for (const recorded of cases) {
      const { inputs, outputs } = tensorsOf(recorded);
      if (outputs === undefined) continue;
      const { node } = makeNode(recorded, inputs, outputs, 'shapes and integers');
      new Inference(1).walk([node]);
      const isVague = node.outputs.some(
        ({ shape }) => shape === null || shape.some((dim) => typeof dim === 'string'),
      );
      if (isVague) vague.add(recorded.op);
    }
    expect([...vague].sort()).toMatchInlineSnapshot(`
      [
        "Cast",
        "DecodePaddedRaw",
        "DecodeRaw",
        "DynamicPartition",
        "DynamicStitch",
        "EnsureShape",
        "Equal",
        "FusedBatchNormV3",
        "ListDiff",
        "MatrixDiagPartV2",
        "MatrixDiagPartV3",
        "MatrixDiagV2",
        "MatrixDiagV3",
        "NotEqual",
        "ParseExample",
        "ParseExampleV2",
        "ParseSingleExample",
        "RaggedGather",
        "RaggedRange",
        "RaggedTensorToSparse",
        "RaggedTensorToTensor",
        "Range",
        "SparseConcat",
        "SparseFillEmptyRows",
        "SparseSegmentMean",
        "SparseSegmentSqrtN",
        "SparseSegmentSum",
        "SparseSlice",
        "StringNGrams",
        "StringSplit",
        "StringSplitV2",
        "UnicodeDecode",
        "UnicodeDecodeWithOffsets",
        "Unique",
        "UniqueWithCounts",
        "UnsortedSegmentJoin",
        "Where",
      ]
    `);
  });

  it('has a shape function for every op of the kernels', () => {
    const missing = new Set(cases.map(({ op }) => op).filter((op) => findShapeRow(op) === undefined));
    expect([...missing].sort()).toMatchInlineSnapshot(`
      [
        "ParseSingleExample",
        "RaggedGather",
        "StringNGrams",
        "UnicodeDecode",
        "UnicodeDecodeWithOffsets",
        "UnicodeEncode",
        "UnsortedSegmentJoin",
      ]
    `);
  });
});

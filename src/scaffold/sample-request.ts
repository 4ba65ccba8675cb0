import type { ModelFacts, TensorFact } from './facts.js';

/** Unknown dimensions beyond the batch get this size in a sample. */
const SAMPLE_DIMENSION = 1;

function sampleElement(tensor: TensorFact): unknown {
  if (tensor.sampleB64 !== undefined) return { b64: tensor.sampleB64 };
  if (tensor.dtype === 'string') return tensor.name.endsWith('_bytes') ? { b64: 'AAAA' } : 'text';
  if (tensor.dtype === 'bool') return true;
  return 0;
}

function nest(shape: readonly (number | null)[], leaf: unknown): unknown {
  return shape.reduceRight<unknown>((inner, dim) => new Array(dim ?? SAMPLE_DIMENSION).fill(inner), leaf);
}

function isRowWise(model: ModelFacts): boolean {
  return [...model.inputs, ...model.outputs].every(
    (tensor) => (tensor.shape?.length ?? 0) > 0 && tensor.shape?.[0] === null,
  );
}

/** A request in TensorFlow Serving's JSON that fits the signature: one row, or columns where rows do not fit. */
export function sampleRequest(model: ModelFacts): Record<string, unknown> {
  const signature = model.signature === 'serving_default' ? {} : { signature_name: model.signature };
  const build = (tensor: TensorFact, shape: readonly (number | null)[]) => nest(shape, sampleElement(tensor));
  if (isRowWise(model)) {
    const rows = model.inputs.map(
      (input) => [input.name, build(input, input.shape?.slice(1) ?? [])] as const,
    );
    const row = rows.length === 1 ? rows[0]?.[1] : Object.fromEntries(rows);
    return { ...signature, instances: [row] };
  }
  const columns = model.inputs.map((input) => [input.name, build(input, input.shape ?? [])] as const);
  return { ...signature, inputs: Object.fromEntries(columns) };
}

import type { CompiledModel, CompiledSignature } from '../compiled.js';
import type { OnnxBody, Ref } from '../types.js';
import { type QuantizedBody, quantizeProducts } from './dynamic.js';
import { foldConvolutions } from './fold-conv.js';
import { storeHalf } from './half-weights.js';
import type { Range } from './ranges.js';
import { listTensors, quantizeConvolutions } from './static.js';

/** What a plan gives up of float32 precision. */
export const PRECISIONS = ['dynamic-int8', 'static-int8', 'fp16-weights'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface QuantizedModel {
  readonly compiled: CompiledModel;
  /** Operators, or weights, that were changed. */
  readonly count: number;
}

function mapBodies(compiled: CompiledModel, change: (body: OnnxBody) => QuantizedBody): QuantizedModel {
  let count = 0;
  const signatures = compiled.signatures.map((signature): CompiledSignature => {
    const stages = signature.stages.map((stage) => {
      if (stage.kind === 'host') return stage;
      const changed = change(stage.body);
      count += changed.count;
      return { ...stage, body: changed.body };
    });
    return { ...signature, stages };
  });
  return { compiled: { ...compiled, signatures }, count };
}

function record({ compiled, count }: QuantizedModel, precision: Precision): QuantizedModel {
  return { compiled: { ...compiled, precision: [...(compiled.precision ?? []), precision] }, count };
}

/** Matrix products with constant weights in 8-bit integers. */
export function applyDynamic(compiled: CompiledModel): QuantizedModel {
  return record(mapBodies(compiled, quantizeProducts), 'dynamic-int8');
}

/** Float weights stored in 16 bits. */
export function applyHalf(compiled: CompiledModel): QuantizedModel {
  return record(mapBodies(compiled, storeHalf), 'fp16-weights');
}

/** The model as `applyStatic` needs it: biases and normalizations inside the convolutions. */
export function foldModel(compiled: CompiledModel): CompiledModel {
  return mapBodies(compiled, (body) => ({ body: foldConvolutions(body), count: 0 })).compiled;
}

/** Tensors of a folded signature whose ranges have to be found by running samples. */
export function listCalibrated(signature: CompiledSignature): Ref[] {
  return signature.stages.flatMap((stage) => (stage.kind === 'onnx' ? listTensors(stage.body) : []));
}

/** Convolutions of a folded model in 8-bit integers, by the ranges of each signature's tensors. */
export function applyStatic(
  folded: CompiledModel,
  ranges: ReadonlyMap<string, ReadonlyMap<Ref, Range>>,
): QuantizedModel {
  let count = 0;
  const signatures = folded.signatures.map((signature) => {
    const own = ranges.get(signature.name) ?? new Map<Ref, Range>();
    const changed = mapBodies({ ...folded, signatures: [signature] }, (body) =>
      quantizeConvolutions(body, own),
    );
    count += changed.count;
    return changed.compiled.signatures[0] as CompiledSignature;
  });
  return record({ compiled: { ...folded, signatures }, count }, 'static-int8');
}

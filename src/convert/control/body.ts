import type { DType } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import type { Emitter } from '../emitter.js';
import type { OnnxBody, Ref } from '../types.js';

/**
 * The graph that an emitter made as a body of If or Loop. What a body gives out must be made in it and be
 * given out once, so that anything else is copied.
 */
export function emitBody(
  onnx: Emitter,
  name: string,
  inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape?: Shape }[],
  outputs: readonly Ref[],
  shapes: ReadonlyMap<Ref, Shape> = new Map(),
): OnnxBody {
  const made = new Set(onnx.nodes.flatMap((node) => node.outputs));
  const given = new Set<Ref>();
  const named = outputs.map((ref) => {
    const own = made.has(ref) && !given.has(ref) ? ref : onnx.copy(ref);
    given.add(own);
    return { name: own, dtype: onnx.dtypeOf(own), shape: shapes.get(ref) ?? null };
  });
  return onnx.body(
    name,
    inputs.map((input) => ({ shape: null, ...input })),
    named,
  );
}

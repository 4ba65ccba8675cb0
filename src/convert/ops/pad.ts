import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { int64Vector, like, TO_START, toInt64 } from './parts.js';

/** TensorFlow's [axis][before, after] as ONNX's befores, then afters. */
function padsOf(context: ConvertContext): Ref {
  const { onnx } = context;
  if (context.isConst(1)) {
    const pairs = constPads(context);
    return onnx.i64([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)]);
  }
  const turned = onnx.op('Transpose', [toInt64(context, context.ref(1))], { perm: [1, 0] });
  return onnx.op('Reshape', [turned, onnx.i64([-1])]);
}

function constPads(context: ConvertContext): (readonly [number, number])[] {
  const flat = context.constInts(1);
  return Array.from({ length: flat.length / 2 }, (_, axis) => [flat[axis * 2] ?? 0, flat[axis * 2 + 1] ?? 0]);
}

function pad(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const x = context.ref(0);
  const isNothing = context.isConst(1) && context.constInts(1).every((size) => size === 0);
  if (isNothing) return [x];
  const value = context.inputCount > 2 ? context.ref(2) : like(context, x, 0);
  return [onnx.op('Pad', [x, padsOf(context), value], { mode: 'constant' })];
}

/** Reflection without the edge is ONNX's own; with the edge it is put together from reversed borders. */
function mirrorPad(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const mode = context.attrs.string('mode');
  if (mode === 'REFLECT') return [onnx.op('Pad', [context.ref(0), padsOf(context)], { mode: 'reflect' })];
  if (mode !== 'SYMMETRIC') throw context.refuse('TFD_ATTR_UNREAD', `mode is "${mode}"`);
  let x = context.ref(0);
  constPads(context).forEach(([before, after], axis) => {
    const parts: Ref[] = [];
    if (before > 0) parts.push(mirror(context, x, axis, before - 1, TO_START));
    parts.push(x);
    if (after > 0) parts.push(mirror(context, x, axis, -1, -after - 1));
    if (parts.length > 1) x = onnx.op('Concat', parts, { axis });
  });
  return [x];
}

function mirror(context: ConvertContext, x: Ref, axis: number, start: number, end: number | bigint): Ref {
  const { onnx } = context;
  return onnx.op('Slice', [
    x,
    onnx.i64([start]),
    int64Vector(context, [end]),
    onnx.i64([axis]),
    onnx.i64([-1]),
  ]);
}

/** Padding. */
export const pads: OpFamily = {
  Pad: { convert: pad, becomes: 'Pad' },
  PadV2: { convert: pad, becomes: 'Pad' },
  MirrorPad: { convert: mirrorPad, becomes: 'Pad(reflect); Slices and Concat with the edge' },
};

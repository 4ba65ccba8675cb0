import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { constScalar, dimOf, inputDim, vectorOf } from './parts.js';

function pack(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axis = context.attrs.int('axis', 0);
  const parts = context.node.inputs.map((_, index) =>
    onnx.op('Unsqueeze', [context.ref(index), onnx.i64([axis])]),
  );
  return parts.length === 1 ? parts : [onnx.op('Concat', parts, { axis })];
}

function unpack(context: ConvertContext): readonly Ref[] {
  const { onnx, attrs } = context;
  const axis = attrs.int('axis', 0);
  const count = attrs.int('num');
  if (count === 0) return [];
  const sizes = onnx.i64(new Array<number>(count).fill(1));
  const parts = onnx.ops('Split', [context.ref(0), sizes], count, { axis });
  return parts.map((part) => onnx.op('Squeeze', [part, onnx.i64([axis])]));
}

/** The axis is the first input of Concat and the last of ConcatV2. */
function concat(axisInput: 0 | -1) {
  return (context: ConvertContext): readonly Ref[] => {
    const first = axisInput === 0 ? 1 : 0;
    const axis = constScalar(context, axisInput);
    const parts = Array.from({ length: context.inputCount - 1 }, (_, index) => context.ref(first + index));
    return parts.length === 1 ? parts : [context.onnx.op('Concat', parts, { axis })];
  };
}

/** Equal parts, by sizes: ONNX's count of parts would let the last one be smaller. */
function split(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axis = constScalar(context, 0);
  const count = context.attrs.int('num_split');
  if (count === 1) return [context.ref(1)];
  const dim = context.value(1).shape?.at(axis);
  if (typeof dim === 'number') {
    const sizes = onnx.i64(new Array<number>(count).fill(dim / count));
    return onnx.ops('Split', [context.ref(1), sizes], count, { axis });
  }
  const part = onnx.op('Div', [dimOf(context, context.ref(1), axis, 'vector'), onnx.i64([count])]);
  return onnx.ops('Split', [context.ref(1), onnx.op('Expand', [part, onnx.i64([count])])], count, { axis });
}

/** Parts of given sizes, of which one may be −1: the rest. */
function splitSizes(context: ConvertContext): readonly Ref[] {
  const { onnx } = context;
  const axis = constScalar(context, 2);
  const count = context.attrs.int('num_split');
  if (count === 1) return [context.ref(0)];
  const known = context.elements(1);
  if (known?.every((dim): dim is number => typeof dim === 'number')) {
    const dim = context.value(0).shape?.at(axis);
    const rest = known.reduce((sum, part) => (part < 0 ? sum : sum + part), 0);
    if (!known.includes(-1)) return onnx.ops('Split', [context.ref(0), onnx.i64(known)], count, { axis });
    if (typeof dim === 'number') {
      const sizes = known.map((part) => (part < 0 ? dim - rest : part));
      return onnx.ops('Split', [context.ref(0), onnx.i64(sizes)], count, { axis });
    }
  }
  const given = vectorOf(context, 1);
  const isRest = onnx.op('Less', [given, onnx.i64Scalar(0)]);
  const used = onnx.op('ReduceSum', [onnx.op('Max', [given, onnx.i64Scalar(0)])], { keepdims: 0 });
  const rest = onnx.op('Sub', [inputDim(context, 0, axis), used]);
  return onnx.ops('Split', [context.ref(0), onnx.op('Where', [isRest, rest, given])], count, { axis });
}

/** Joining and splitting. */
export const join: OpFamily = {
  Pack: { convert: pack, becomes: 'Unsqueeze, Concat' },
  Unpack: { convert: unpack, becomes: 'Split, Squeeze' },
  Concat: { convert: concat(0), becomes: 'Concat' },
  ConcatV2: { convert: concat(-1), becomes: 'Concat' },
  Split: { convert: split, becomes: 'Split' },
  SplitV: { convert: splitSizes, becomes: 'Split (a size of −1 computed)' },
};

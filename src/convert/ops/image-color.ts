import type { ConvertContext, OpFamily, Ref } from '../types.js';

/** Three tensors of one channel each, with the channel axis kept. */
type Channels = readonly [Ref, Ref, Ref];

function splitChannels({ onnx }: ConvertContext, x: Ref): Channels {
  return onnx.ops('Split', [x, onnx.i64([1, 1, 1])], 3, { axis: -1 }) as unknown as Channels;
}

function joinChannels({ onnx }: ConvertContext, channels: Channels): Ref {
  return onnx.op('Concat', channels, { axis: -1 });
}

/** Elementwise arithmetic on tensors of one type and plain numbers. */
function arithmetic({ onnx }: ConvertContext, like: Ref) {
  const dtype = onnx.dtypeOf(like);
  const of = (value: Ref | number): Ref => (typeof value === 'number' ? onnx.scalar(dtype, value) : value);
  const binary =
    (type: string) =>
    (a: Ref | number, b: Ref | number): Ref =>
      onnx.op(type, [of(a), of(b)]);
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    max: binary('Max'),
    min: binary('Min'),
    greater: binary('Greater'),
    less: binary('Less'),
    equal: binary('Equal'),
    where: (condition: Ref, a: Ref | number, b: Ref | number): Ref =>
      onnx.op('Where', [condition, of(a), of(b)]),
    abs: (a: Ref): Ref => onnx.op('Abs', [a]),
    floor: (a: Ref): Ref => onnx.op('Floor', [a]),
  };
}

interface Hue {
  /** In [0, 1). */
  readonly hue: Ref;
  readonly value: Ref;
  /** Largest minus smallest channel. */
  readonly range: Ref;
}

function readHue(context: ConvertContext, [r, g, b]: Channels): Hue {
  const m = arithmetic(context, r);
  const value = m.max(m.max(r, g), b);
  const range = m.sub(value, m.min(m.min(r, g), b));
  const norm = m.div(1, m.mul(range, 6));
  const sector = (from: Ref, to: Ref, turn: number): Ref => m.add(m.mul(norm, m.sub(from, to)), turn / 6);
  const other = m.where(m.equal(g, value), sector(b, r, 2), sector(r, g, 4));
  const raw = m.where(m.equal(r, value), sector(g, b, 0), other);
  const known = m.where(m.greater(range, 0), raw, 0);
  return { hue: m.where(m.less(known, 0), m.add(known, 1), known), value, range };
}

/** How much of each channel a hue (in sixths of a turn, 0 to 6) has: 0 to 1. */
function shares(context: ConvertContext, sixths: Ref): Channels {
  const m = arithmetic(context, sixths);
  const clamp = (x: Ref): Ref => m.min(m.max(x, 0), 1);
  return [
    clamp(m.sub(m.abs(m.sub(sixths, 3)), 1)),
    clamp(m.sub(2, m.abs(m.sub(sixths, 2)))),
    clamp(m.sub(2, m.abs(m.sub(sixths, 4)))),
  ];
}

function saturationOf(context: ConvertContext, { value, range }: Hue): Ref {
  const m = arithmetic(context, value);
  return m.where(m.greater(value, 0), m.div(range, value), 0);
}

/** (1 − s + s · share) · v for each channel. */
function fromHsv(context: ConvertContext, sixths: Ref, saturation: Ref, value: Ref): Ref {
  const m = arithmetic(context, value);
  const rest = m.sub(1, saturation);
  const [r, g, b] = shares(context, sixths).map((share) =>
    m.mul(m.add(rest, m.mul(saturation, share)), value),
  ) as [Ref, Ref, Ref];
  return joinChannels(context, [r, g, b]);
}

function convertRgbToHsv(context: ConvertContext): Ref {
  const hue = readHue(context, splitChannels(context, context.ref(0)));
  return joinChannels(context, [hue.hue, saturationOf(context, hue), hue.value]);
}

function convertHsvToRgb(context: ConvertContext): Ref {
  const [hue, saturation, value] = splitChannels(context, context.ref(0));
  return fromHsv(context, arithmetic(context, hue).mul(hue, 6), saturation, value);
}

/** A delta or factor is float32 whatever the image is made of. */
function setting(context: ConvertContext): Ref {
  return context.onnx.cast(context.ref(1), context.value(1).dtype, context.value(0).dtype);
}

function convertAdjustHue(context: ConvertContext): Ref {
  const channels = splitChannels(context, context.ref(0));
  const { hue, value, range } = readHue(context, channels);
  const m = arithmetic(context, value);
  const turned = m.mul(m.add(hue, setting(context)), 6);
  const sixths = m.sub(turned, m.mul(m.floor(m.div(turned, 6)), 6));
  const low = m.sub(value, range);
  const [r, g, b] = shares(context, sixths).map((share) => m.add(low, m.mul(range, share))) as [
    Ref,
    Ref,
    Ref,
  ];
  return joinChannels(context, [r, g, b]);
}

function convertAdjustSaturation(context: ConvertContext): Ref {
  const hue = readHue(context, splitChannels(context, context.ref(0)));
  const m = arithmetic(context, hue.value);
  const scaled = m.mul(saturationOf(context, hue), setting(context));
  return fromHsv(context, m.mul(hue.hue, 6), m.min(m.max(scaled, 0), 1), hue.value);
}

/** Distances from the mean of each channel of each image, scaled. */
function convertAdjustContrast(context: ConvertContext): Ref {
  const { onnx } = context;
  const m = arithmetic(context, context.ref(0));
  const mean = onnx.op('ReduceMean', [context.ref(0), onnx.i64([-3, -2])], { keepdims: 1 });
  return m.add(m.mul(m.sub(context.ref(0), mean), setting(context)), mean);
}

const row = (convert: (context: ConvertContext) => Ref) => ({
  convert: (context: ConvertContext) => [convert(context)],
  becomes: 'Split, arithmetic and Where, Concat',
});

/** Colours. */
export const imageColor: OpFamily = {
  RGBToHSV: row(convertRgbToHsv),
  HSVToRGB: row(convertHsvToRgb),
  AdjustHue: row(convertAdjustHue),
  AdjustSaturation: row(convertAdjustSaturation),
  AdjustContrastv2: { ...row(convertAdjustContrast), becomes: 'ReduceMean, Sub, Mul, Add' },
};

const f32 = Math.fround;

/** How output positions map to input positions. Both false is TensorFlow 1's asymmetric rule. */
export interface ResizeRule {
  readonly alignCorners: boolean;
  readonly halfPixel: boolean;
}

/** Input pixels per output pixel, in float32 as TensorFlow computes it. */
export function resizeScale(input: number, output: number, rule: ResizeRule): number {
  return rule.alignCorners && input > 1 && output > 1
    ? f32((input - 1) / f32(output - 1))
    : f32(input / f32(output));
}

/** The input position of an output position: a float32 in units of pixels. */
function sourceOf(position: number, scale: number, rule: ResizeRule): number {
  return rule.halfPixel ? f32(f32(f32(position + 0.5) * scale) - 0.5) : f32(position * scale);
}

/** The pixel that ResizeNearestNeighbor takes for each output position. */
export function nearestIndices(input: number, output: number, rule: ResizeRule): number[] {
  const scale = resizeScale(input, output, rule);
  return Array.from({ length: output }, (_, position) => {
    const at = rule.halfPixel ? f32(f32(position + 0.5) * scale) : f32(position * scale);
    const index = rule.alignCorners ? Math.floor(at + 0.5) : Math.floor(at);
    return Math.max(0, Math.min(index, input - 1));
  });
}

/** Positions this close to the border between two pixels may be rounded either way by another program. */
const BORDER_PIXELS = 1e-3;

/** True where ONNX Runtime's Resize takes the pixels that TensorFlow takes, however it rounds on the way. */
export function isNearestUndisputed(input: number, output: number, rule: ResizeRule): boolean {
  const ours = onnxNearestIndices(input, output, rule);
  const isSame = nearestIndices(input, output, rule).every((index, position) => index === ours[position]);
  if (!isSame || !rule.halfPixel) return isSame;
  return ours.every((_, position) => {
    const exact = ((position + 0.5) * input) / output;
    return Math.abs(exact - Math.round(exact)) > BORDER_PIXELS;
  });
}

/** The pixel that ONNX Runtime's Resize takes for each output position, as it computes it in float32. */
function onnxNearestIndices(input: number, output: number, rule: ResizeRule): number[] {
  const scale = f32(output / input);
  return Array.from({ length: output }, (_, position) => {
    const at = onnxSource(position, scale, input, output, rule);
    const rounded = rule.alignCorners || rule.halfPixel ? Math.floor(at + 0.5) : Math.floor(at);
    return Math.max(0, Math.min(rounded, input - 1));
  });
}

function onnxSource(
  position: number,
  scale: number,
  input: number,
  output: number,
  rule: ResizeRule,
): number {
  if (scale === 1) return position;
  if (rule.halfPixel) return f32(f32(f32(position + 0.5) / scale) - 0.5);
  if (!rule.alignCorners) return f32(position / scale);
  return output === 1 ? 0 : f32(f32(position * (input - 1)) / f32(output - 1));
}

/** For each output position four pixels and their weights: `[tap][position]`. */
export interface CubicTaps {
  readonly indices: readonly (readonly number[])[];
  readonly weights: readonly (readonly number[])[];
}

const TABLE_SIZE = 1024;

/** Keys' cubic at 1025 distances below 1 and below 2: TensorFlow looks weights up instead of computing them. */
export function cubicTable(a: number): { near: number[]; far: number[] } {
  const near: number[] = [];
  const far: number[] = [];
  for (let step = 0; step <= TABLE_SIZE; step++) {
    const x = f32(step / TABLE_SIZE);
    near.push(f32(((a + 2) * x - (a + 3)) * x * x + 1));
    const y = f32(x + 1);
    far.push(f32(((a * y - 5 * a) * y + 8 * a) * y - 4 * a));
  }
  return { near, far };
}

/** The steepness of the cubic: half-pixel sampling uses Keys' −0.5, the older rules −0.75. */
export function cubicSteepness(rule: ResizeRule): number {
  return rule.halfPixel ? -0.5 : -0.75;
}

/** The taps of ResizeBicubic. With half pixels, taps outside the image weigh 0 and the rest is scaled to 1. */
export function cubicTaps(input: number, output: number, rule: ResizeRule): CubicTaps {
  const { near, far } = cubicTable(cubicSteepness(rule));
  const scale = resizeScale(input, output, rule);
  const indices: number[][] = [[], [], [], []];
  const weights: number[][] = [[], [], [], []];
  for (let position = 0; position < output; position++) {
    const source = sourceOf(position, scale, rule);
    const first = Math.floor(source);
    const step = roundHalfEven(f32(f32(source - first) * TABLE_SIZE));
    const raw = [far[step]!, near[step]!, near[TABLE_SIZE - step]!, far[TABLE_SIZE - step]!];
    const at = raw.map((_, tap) => first - 1 + tap);
    const bounded = at.map((index) => Math.max(0, Math.min(index, input - 1)));
    const kept = raw.map((weight, tap) => (rule.halfPixel && bounded[tap] !== at[tap] ? 0 : weight));
    const sum = kept.reduce((total, weight) => f32(total + weight), 0);
    for (let tap = 0; tap < 4; tap++) {
      indices[tap]!.push(bounded[tap]!);
      weights[tap]!.push(rule.halfPixel && sum !== 0 ? f32(kept[tap]! * f32(1 / sum)) : kept[tap]!);
    }
  }
  return { indices, weights };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The share of each input pixel in each output pixel of ResizeArea: rows of an [output, input] matrix. */
export function areaWeights(input: number, output: number, rule: ResizeRule): Float32Array {
  const scale = resizeScale(input, output, rule);
  const matrix = new Float32Array(output * input);
  for (let position = 0; position < output; position++) {
    const from = f32(position * scale);
    const to = f32((position + 1) * scale);
    for (let cell = Math.floor(from); cell < Math.ceil(to); cell++) {
      const isCutBelow = cell < from;
      const isCutAbove = cell + 1 > to;
      const share = isCutBelow ? (isCutAbove ? scale : cell + 1 - from) : isCutAbove ? to - cell : 1;
      const pixel = Math.max(0, Math.min(cell, input - 1));
      matrix[position * input + pixel]! += f32(share / scale);
    }
  }
  return matrix;
}

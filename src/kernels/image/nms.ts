import { type NumericTensor, numericTensor } from '../../base/tensor.js';
import { integerOf, realOf, realsOf, seal, workArray } from '../lanes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';

/** How much two candidates overlap, 0 to 1. */
type Overlap = (a: number, b: number) => number;

interface Selection {
  readonly indices: number[];
  readonly scores: number[];
}

interface SelectOptions {
  readonly scores: ArrayLike<number>;
  readonly overlap: Overlap;
  readonly limit: number;
  readonly iouThreshold: number;
  readonly scoreThreshold: number;
  readonly sigma: number;
}

/** Intersection over union in float32; corners may come in any order. */
function boxOverlap(boxes: ArrayLike<number>): Overlap {
  const f = Math.fround;
  return (a, b) => {
    const side = (box: number, low: 0 | 1): [number, number] => {
      const [p, q] = [boxes[box * 4 + low]!, boxes[box * 4 + low + 2]!];
      return [Math.min(p, q), Math.max(p, q)];
    };
    const [[ay0, ay1], [ax0, ax1]] = [side(a, 0), side(a, 1)];
    const [[by0, by1], [bx0, bx1]] = [side(b, 0), side(b, 1)];
    const areaA = f(f(ay1 - ay0) * f(ax1 - ax0));
    const areaB = f(f(by1 - by0) * f(bx1 - bx0));
    if (areaA <= 0 || areaB <= 0) return 0;
    const height = Math.max(f(Math.min(ay1, by1) - Math.max(ay0, by0)), 0);
    const width = Math.max(f(Math.min(ax1, bx1) - Math.max(ax0, bx0)), 0);
    const both = f(height * width);
    return f(both / f(f(areaA + areaB) - both));
  };
}

interface Candidate {
  readonly index: number;
  score: number;
  /** Selected boxes before this one have been weighed already. */
  begin: number;
}

/** Whether `a` is taken before `b`: the larger score, then the lower index. */
const isBefore = (a: Candidate, b: Candidate) =>
  a.score > b.score || (a.score === b.score && a.index < b.index);

function pushHeap(heap: Candidate[], item: Candidate): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (!isBefore(item, heap[up]!)) break;
    heap[at] = heap[up]!;
    at = up;
  }
  heap[at] = item;
}

function popHeap(heap: Candidate[]): Candidate {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down++;
    if (!isBefore(heap[down]!, last)) break;
    heap[at] = heap[down]!;
    at = down;
  }
  heap[at] = last;
  return top;
}

/** Greedy selection by score; with `sigma` overlaps lower scores instead of dropping boxes. */
function select({ scores, overlap, limit, iouThreshold, scoreThreshold, sigma }: SelectOptions): Selection {
  const heap: Candidate[] = [];
  for (let index = 0; index < scores.length; index++) {
    if (scores[index]! > scoreThreshold) pushHeap(heap, { index, score: scores[index]!, begin: 0 });
  }
  const f = Math.fround;
  const scale = sigma > 0 ? f(-0.5 / sigma) : 0;
  const indices: number[] = [];
  const picked: number[] = [];
  while (indices.length < limit && heap.length > 0) {
    const candidate = popHeap(heap);
    const before = candidate.score;
    let isDropped = false;
    for (let j = indices.length - 1; j >= candidate.begin; j--) {
      const share = overlap(candidate.index, indices[j]!);
      if (sigma > 0) {
        candidate.score = f(candidate.score * f(Math.exp(f(f(scale * share) * share))));
        if (candidate.score <= scoreThreshold) break;
      } else if (share > iouThreshold) {
        isDropped = true;
        break;
      }
    }
    candidate.begin = indices.length;
    if (isDropped) continue;
    if (candidate.score === before) {
      indices.push(candidate.index);
      picked.push(candidate.score);
    } else if (candidate.score > scoreThreshold) pushHeap(heap, candidate);
  }
  return { indices, scores: picked };
}

const int32 = (values: readonly number[]) => numericTensor('int32', [values.length], values);

function padTo(values: readonly number[], size: number): number[] {
  return [...values, ...new Array<number>(Math.max(0, size - values.length)).fill(0)];
}

function toScores(like: NumericTensor, values: readonly number[]): NumericTensor {
  const out = workArray(like.dtype, values.length);
  out.set(values);
  return seal(like.dtype, [values.length], out);
}

/** Selects boxes of one image and one class; `thresholds` reads what the version of the op has. */
function runSelection(
  context: KernelContext,
  iouThreshold: number,
  scoreThreshold: number,
  sigma: number,
): Selection {
  const [boxes, scores] = [context.numeric(0), context.numeric(1)];
  const limit = integerOf(context, 2);
  if (limit < 0) throw context.fail('max_output_size must be non-negative');
  if (boxes.shape.length !== 2 || boxes.shape[1] !== 4)
    throw context.fail(`boxes are [${boxes.shape}], not [n, 4]`);
  if (scores.shape.length !== 1 || scores.shape[0] !== boxes.shape[0])
    throw context.fail('scores do not fit boxes');
  if (!(iouThreshold >= 0 && iouThreshold <= 1)) throw context.fail('iou_threshold must be in [0, 1]');
  if (!(sigma >= 0)) throw context.fail('soft_nms_sigma must be non-negative');
  return select({
    scores: realsOf(scores),
    overlap: boxOverlap(realsOf(boxes)),
    limit,
    iouThreshold,
    scoreThreshold,
    sigma,
  });
}

const LOWEST = Number.NEGATIVE_INFINITY;

function nmsV4(context: KernelContext): HostValue[] {
  const { indices } = runSelection(context, realOf(context, 3), realOf(context, 4), 0);
  const size = context.attrs.bool('pad_to_max_output_size', false) ? integerOf(context, 2) : 0;
  return [int32(padTo(indices, size)), numericTensor('int32', [], [indices.length])];
}

function nmsV5(context: KernelContext): HostValue[] {
  const { indices, scores } = runSelection(
    context,
    realOf(context, 3),
    realOf(context, 4),
    realOf(context, 5),
  );
  const size = context.attrs.bool('pad_to_max_output_size', false) ? integerOf(context, 2) : 0;
  return [
    int32(padTo(indices, size)),
    toScores(context.numeric(1), padTo(scores, size)),
    numericTensor('int32', [], [indices.length]),
  ];
}

function nmsWithOverlaps(context: KernelContext): HostValue[] {
  const [overlaps, scores] = [context.numeric(0), context.numeric(1)];
  const count = scores.shape[0] ?? 0;
  if (overlaps.shape.length !== 2 || overlaps.shape[0] !== overlaps.shape[1])
    throw context.fail('overlaps must be square');
  if (overlaps.shape[0] !== count) throw context.fail('scores do not fit overlaps');
  const table = realsOf(overlaps);
  const limit = integerOf(context, 2);
  if (limit < 0) throw context.fail('max_output_size must be non-negative');
  const { indices } = select({
    scores: realsOf(scores),
    overlap: (a, b) => table[a * count + b]!,
    limit,
    iouThreshold: realOf(context, 3),
    scoreThreshold: realOf(context, 4),
    sigma: 0,
  });
  return [int32(indices)];
}

/** Per image: every class on its own, then the best of all classes. */
function combinedNms(context: KernelContext): HostValue[] {
  const [boxes, scores] = [context.numeric(0), context.numeric(1)];
  const [perClass, total] = [integerOf(context, 2), integerOf(context, 3)];
  const [iouThreshold, scoreThreshold] = [realOf(context, 4), realOf(context, 5)];
  const [batch = 0, count = 0, boxClasses = 0] = boxes.shape;
  const classes = scores.shape[2] ?? 0;
  if (boxes.shape.length !== 4 || boxes.shape[3] !== 4) throw context.fail('boxes must be 4-D, 4 wide');
  if (boxClasses !== 1 && boxClasses !== classes)
    throw context.fail('boxes are of another number of classes');
  if (perClass <= 0 || total <= 0) throw context.fail('max sizes must be positive');
  if (!(iouThreshold >= 0 && iouThreshold <= 1)) throw context.fail('iou_threshold must be in [0, 1]');
  const isClipped = context.attrs.bool('clip_boxes', true);
  const width = context.attrs.bool('pad_per_class', false) ? Math.min(total, perClass * classes) : total;
  const [boxData, scoreData] = [realsOf(boxes), realsOf(scores)];
  const out = {
    boxes: new Float32Array(batch * width * 4),
    scores: new Float32Array(batch * width),
    classes: new Float32Array(batch * width),
    valid: new Int32Array(batch),
  };
  for (let image = 0; image < batch; image++) {
    const found = Array.from({ length: classes }, (_, c) => {
      const from = boxClasses === 1 ? 0 : c;
      const own = Float32Array.from({ length: count * 4 }, (_, k) => {
        const box = Math.floor(k / 4);
        return boxData[((image * count + box) * boxClasses + from) * 4 + (k % 4)]!;
      });
      const ownScores = Float32Array.from(
        { length: count },
        (_, i) => scoreData[(image * count + i) * classes + c]!,
      );
      const options = { scores: ownScores, overlap: boxOverlap(own), iouThreshold, scoreThreshold, sigma: 0 };
      const { indices, scores: picked } = select({ ...options, limit: Math.min(perClass, count) });
      return indices.map((index, i) => ({
        c,
        score: picked[i]!,
        box: own.subarray(index * 4, index * 4 + 4),
      }));
    }).flat();
    found.sort((a, b) => b.score - a.score);
    const kept = found.slice(0, width);
    out.valid[image] = kept.length;
    kept.forEach(({ c, score, box }, i) => {
      const at = image * width + i;
      out.scores[at] = score;
      out.classes[at] = c;
      out.boxes.set(isClipped ? box.map((v) => Math.min(Math.max(v, 0), 1)) : box, at * 4);
    });
  }
  return [
    { dtype: 'float32', shape: [batch, width, 4], data: out.boxes },
    { dtype: 'float32', shape: [batch, width], data: out.scores },
    { dtype: 'float32', shape: [batch, width], data: out.classes },
    { dtype: 'int32', shape: [batch], data: out.valid },
  ];
}

/** Non-maximum suppression in all its versions. */
export const nmsKernels: KernelFamily = {
  NonMaxSuppression: (context) => [
    int32(runSelection(context, context.attrs.float('iou_threshold', 0.5), LOWEST, 0).indices),
  ],
  NonMaxSuppressionV2: (context) => [int32(runSelection(context, realOf(context, 3), LOWEST, 0).indices)],
  NonMaxSuppressionV3: (context) => [
    int32(runSelection(context, realOf(context, 3), realOf(context, 4), 0).indices),
  ],
  NonMaxSuppressionV4: nmsV4,
  NonMaxSuppressionV5: nmsV5,
  NonMaxSuppressionWithOverlaps: nmsWithOverlaps,
  CombinedNonMaxSuppression: combinedNms,
};

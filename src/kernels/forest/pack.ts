import { TfdeployError } from '../../base/error.js';
import type { Forest, ForestLink } from '../../savedmodel/forest/types.js';

/** The arrays of a forest in the order in which they are packed. */
const PARTS = {
  initial: Float32Array,
  columns: Int32Array,
  known: Int32Array,
  roots: Int32Array,
  slot: Int32Array,
  threshold: Float32Array,
  positive: Int32Array,
  operand: Int32Array,
  count: Int32Array,
  dims: Int32Array,
  values: Float32Array,
  slots: Int32Array,
  weights: Float32Array,
  replacements: Float32Array,
  kind: Uint8Array,
  takeIfMissing: Uint8Array,
  sets: Uint8Array,
} as const;

type PartName = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as PartName[];
const LINKS: readonly ForestLink[] = ['identity', 'sigmoid', 'softmax', 'exp'];
const WORDS = 3;

/** A forest as one run of bytes, so that a plan carries it like any other constant. Little-endian. */
export function packForest(forest: Forest): Uint8Array {
  const headBytes = (WORDS + NAMES.length) * 4;
  const total = NAMES.reduce((sum, name) => sum + padded(forest[name].byteLength), headBytes);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, forest.outputs, true);
  view.setUint32(4, LINKS.indexOf(forest.link), true);
  view.setFloat32(8, forest.scale, true);
  let at = headBytes;
  NAMES.forEach((name, i) => {
    const part = forest[name];
    view.setUint32((WORDS + i) * 4, part.length, true);
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += padded(part.byteLength);
  });
  return bytes;
}

const unpacked = new WeakMap<Uint8Array, Forest>();

/** The forest in packed bytes; kept for as long as they are. */
export function unpackForest(bytes: Uint8Array): Forest {
  let forest = unpacked.get(bytes);
  if (forest === undefined) {
    forest = readParts(new Uint8Array(bytes));
    unpacked.set(bytes, forest);
  }
  return forest;
}

function readParts(bytes: Uint8Array<ArrayBuffer>): Forest {
  const view = new DataView(bytes.buffer);
  const headBytes = (WORDS + NAMES.length) * 4;
  if (bytes.length < headBytes) throw new TfdeployError('TFD_KERNEL_INPUT', 'a forest is cut off');
  let at = headBytes;
  const parts = NAMES.map((name, i) => {
    const List = PARTS[name];
    const length = view.getUint32((WORDS + i) * 4, true);
    if (at + length * List.BYTES_PER_ELEMENT > bytes.length) {
      throw new TfdeployError('TFD_KERNEL_INPUT', 'a forest is cut off');
    }
    const part = new List(bytes.buffer, at, length);
    at += padded(part.byteLength);
    return [name, part] as const;
  });
  return {
    ...(Object.fromEntries(parts) as Pick<Forest, PartName>),
    outputs: view.getUint32(0, true),
    link: LINKS[view.getUint32(4, true)] ?? 'identity',
    scale: view.getFloat32(8, true),
  };
}

function padded(byteLength: number): number {
  return (byteLength + 3) & ~3;
}

import { type DType, dtypeFromTf } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import type { ModelFiles } from '../../base/files.js';
import { type Proto, TF_SCHEMA } from '../proto/schema.js';
import { toSizes } from '../read/shape.js';
import type { Bundle, BundleEntry, TensorValue } from '../types.js';
import { decodeMessage } from '../wire/decode.js';
import { decodeSliceKey, isSliceKey } from './ordered-code.js';
import type { ShardContext } from './shards.js';
import { checkBox, fullBox, parseSlice } from './slices.js';
import { readTable } from './table.js';
import { BundleTensor, type Part } from './tensor.js';

export interface BundleOptions {
  /** Whether `read()` checks CRCs (the index's own are always checked). Default true. */
  readonly verify?: boolean;
  /** Path of the checkpoint below the model's directory, without `.index`. */
  readonly prefix?: string;
}

const MAX_SHARDS = 99_999;
const utf8 = new TextDecoder();

/**
 * Reads the index of a model's checkpoint; undefined when the model has none. Data files are not opened.
 * Throws TFD_MODEL_CORRUPT for a damaged index, TFD_MODEL_UNSUPPORTED for a V1 checkpoint.
 */
export function openBundle(files: ModelFiles, dir: string, options: BundleOptions = {}): Bundle | undefined {
  const prefix = `${dir}/${options.prefix ?? 'variables/variables'}`;
  const path = `${prefix}.index`;
  if (!files.exists(path)) {
    if (!files.exists(prefix)) return undefined;
    throw new TfdeployError('TFD_MODEL_UNSUPPORTED', `${prefix}: a checkpoint of the first format (V1)`, {
      hint: 'save it again with tf.train.Saver of TensorFlow 1.0 or later',
    });
  }
  const rows = readRows(files.read(path), path);
  const header = rows.header;
  const isVerified = options.verify ?? true;
  const context: ShardContext = {
    files,
    prefix,
    shardCount: header.num_shards,
    isBigEndian: header.endianness === 1,
    isVerified,
  };
  const entries = new Map<string, Entry>();
  for (const [key, proto] of rows.entries) {
    const what = `${path}: tensor "${key}"`;
    if (proto.shard_id < 0 || proto.shard_id >= header.num_shards || proto.offset < 0 || proto.size < 0) {
      throw new TfdeployError('TFD_MODEL_CORRUPT', `${what}: lies outside of its files`);
    }
    entries.set(key, new Entry(proto, what));
  }
  return new OpenBundle(path, context, entries, rows.slices);
}

interface IndexRows {
  readonly header: Proto<'BundleHeaderProto'>;
  readonly entries: ReadonlyMap<string, Proto<'BundleEntryProto'>>;
  /** Slices of partitioned variables by name of the variable. */
  readonly slices: ReadonlyMap<string, readonly SliceRow[]>;
}

interface SliceRow {
  readonly ranges: readonly (readonly [number, number])[];
  readonly proto: Proto<'BundleEntryProto'>;
}

function readRows(bytes: Uint8Array, path: string): IndexRows {
  const options = { what: path };
  const entries = new Map<string, Proto<'BundleEntryProto'>>();
  const slices = new Map<string, SliceRow[]>();
  let header: Proto<'BundleHeaderProto'> | undefined;
  for (const [key, value] of readTable(bytes, path)) {
    if (header === undefined) {
      if (key.length > 0) throw new TfdeployError('TFD_MODEL_CORRUPT', `${path}: has no header`);
      header = readHeader(decodeMessage(TF_SCHEMA, 'BundleHeaderProto', value, options), path);
      continue;
    }
    const proto = decodeMessage(TF_SCHEMA, 'BundleEntryProto', value, options);
    if (isSliceKey(key)) {
      const { name, ranges } = decodeSliceKey(key, path);
      const owner = utf8.decode(name);
      const rows = slices.get(owner) ?? [];
      rows.push({ ranges, proto });
      slices.set(owner, rows);
    } else entries.set(utf8.decode(key), proto);
  }
  if (header === undefined) throw new TfdeployError('TFD_MODEL_CORRUPT', `${path}: is empty`);
  return { header, entries, slices };
}

function readHeader(header: Proto<'BundleHeaderProto'>, path: string): Proto<'BundleHeaderProto'> {
  if (header.num_shards < 1 || header.num_shards > MAX_SHARDS || header.endianness > 1) {
    throw new TfdeployError('TFD_MODEL_CORRUPT', `${path}: a header that makes no sense`);
  }
  const { min_consumer: needed } = header.version ?? { min_consumer: 0 };
  // Version 1 is the only one that TensorFlow has ever written.
  if (needed > 1) {
    throw new TfdeployError('TFD_MODEL_UNSUPPORTED', `${path}: needs a reader of version ${needed}`);
  }
  return header;
}

/** An entry whose type is looked at when someone asks: a checkpoint may hold types that the graph never uses. */
class Entry implements BundleEntry {
  readonly shape: readonly number[];

  constructor(
    readonly proto: Proto<'BundleEntryProto'>,
    private readonly what: string,
  ) {
    this.shape = toSizes(proto.shape, what);
  }

  get dtype(): DType {
    return dtypeFromTf(this.proto.dtype, this.what);
  }

  get shard(): number {
    return this.proto.shard_id;
  }

  get offset(): number {
    return this.proto.offset;
  }

  get size(): number {
    return this.proto.size;
  }

  get crc32c(): number {
    return this.proto.crc32c;
  }

  get isSliced(): boolean {
    return this.proto.slices.length > 0;
  }
}

class OpenBundle implements Bundle {
  constructor(
    private readonly path: string,
    private readonly context: ShardContext,
    readonly entries: ReadonlyMap<string, Entry>,
    private readonly slices: ReadonlyMap<string, readonly SliceRow[]>,
  ) {}

  tensor(key: string, slice = ''): TensorValue {
    const what = `${this.path}: tensor "${key}"`;
    const entry = this.entries.get(key);
    if (entry === undefined) {
      throw new TfdeployError('TFD_VARIABLE_UNBOUND', `${this.path}: has no tensor "${key}"`, {
        details: { key },
      });
    }
    const box = parseSlice(slice, entry.shape, what);
    return new BundleTensor(this.context, what, entry.dtype, box, this.#parts(key, entry, what));
  }

  #parts(key: string, entry: Entry, what: string): Part[] {
    if (!entry.isSliced) return [{ box: fullBox(entry.shape), extent: entry }];
    return (this.slices.get(key) ?? []).map(({ ranges, proto }) => {
      if (proto.shard_id < 0 || proto.shard_id >= this.context.shardCount) {
        throw new TfdeployError('TFD_MODEL_CORRUPT', `${what}: a slice lies outside of its files`);
      }
      return {
        box: checkBox(ranges, entry.shape, 'key of a slice', what),
        extent: { shard: proto.shard_id, offset: proto.offset, size: proto.size, crc32c: proto.crc32c },
      };
    });
  }
}

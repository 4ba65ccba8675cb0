import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { numericTensor } from '../../src/base/tensor.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { crc32c, maskCrc } from '../../src/savedmodel/bundle/crc32c.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { buildTable } from '../fixtures/bundle-writer.js';
import { writeFiles } from '../fixtures/memory-files.js';
import { attr, buildSavedModel, constant, node, placeholder } from '../fixtures/saved-model-writer.js';
import { shapeProto } from '../fixtures/tensor-values.js';

const WIDTH = 256;
const LARGE_ROWS = 3_000_000;
const SMALL_ROWS = 3_000;
const BLOCK_ROWS = 10_000;
const SHARD = 'variables.data-00000-of-00001';
/** Every process of the test may have this much JavaScript heap, and the model is 100 times larger. */
const HEAP_MB = 48;

/** Element 0 of row r is r, exact in float32 up to 2^24; the others repeat with the row. */
function fillBlock(block: Float32Array, firstRow: number): Uint8Array {
  for (let row = 0; row < BLOCK_ROWS; row++) block[row * WIDTH] = firstRow + row;
  return new Uint8Array(block.buffer);
}

/** Writes the table block by block; returns its size and checksum. */
function writeShard(path: string, rows: number): { size: number; crc: number } {
  const fd = openSync(path, 'w');
  const block = Float32Array.from({ length: BLOCK_ROWS * WIDTH }, (_, i) => (i % 1009) / 8);
  let crc = 0;
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const bytes = fillBlock(block, row).subarray(0, Math.min(BLOCK_ROWS, rows - row) * WIDTH * 4);
    crc = crc32c(bytes, crc);
    writeSync(fd, bytes);
  }
  closeSync(fd);
  return { size: rows * WIDTH * 4, crc };
}

/** An embedding of `rows` × 256 with a small dense layer behind it. */
function writeModel(dir: string, rows: number): void {
  const T = { T: attr.type('float32') };
  const shell = buildSavedModel({
    nodes: [
      placeholder('id', 'int32', [-1]),
      node('table', 'VarHandleOp', [], {
        dtype: attr.type('float32'),
        shape: attr.shape([rows, WIDTH]),
        shared_name: attr.string('table'),
      }),
      node('read', 'ReadVariableOp', ['table'], { dtype: attr.type('float32') }),
      constant('axis', 'int32', [], [0]),
      node('row', 'GatherV2', ['read', 'id', 'axis'], {
        Tparams: attr.type('float32'),
        Tindices: attr.type('int32'),
        Taxis: attr.type('int32'),
      }),
      constant('two', 'float32', [], [2]),
      node('twice', 'Mul', ['row', 'two'], T),
    ],
    signatures: {
      serving_default: {
        inputs: { id: { tensor: 'id:0', dtype: 'int32', shape: [-1] } },
        outputs: { twice: { tensor: 'twice:0', dtype: 'float32', shape: [-1, WIDTH] } },
      },
    },
    variables: { table: { dtype: 'float32', shape: [1], values: [0] } },
  });
  writeFiles(dir, new Map([['saved_model.pb', shell.get('saved_model.pb')!]]));
  mkdirSync(join(dir, 'variables'));
  const { size, crc } = writeShard(join(dir, 'variables', SHARD), rows);
  const header = { num_shards: 1, endianness: 0, version: { producer: 1 } };
  const entry = {
    dtype: 1,
    shape: shapeProto([rows, WIDTH]),
    shard_id: 0,
    offset: 0,
    size,
    crc32c: maskCrc(crc),
  };
  const index = buildTable([
    [new Uint8Array(0), encodeMessage(TF_SCHEMA, 'BundleHeaderProto', header)],
    [new TextEncoder().encode('table'), encodeMessage(TF_SCHEMA, 'BundleEntryProto', entry)],
  ]);
  writeFiles(dir, new Map([['variables/variables.index', index]]));
}

/** Converts with the built program in a process of its own, and tells what it took. */
function convert(model: string, plan: string): { heapMb: number; residentMb: number } {
  const probe = `process.on('exit', () => {
    const { getHeapStatistics } = process.getBuiltinModule('node:v8');
    process.stderr.write(JSON.stringify({
      heapMb: getHeapStatistics().peak_malloced_memory / 2 ** 20 + getHeapStatistics().total_heap_size / 2 ** 20,
      residentMb: process.resourceUsage().maxRSS / 1024,
    }));
  });`;
  const child = spawnSync(
    process.execPath,
    [
      `--max-old-space-size=${HEAP_MB}`,
      `--import=data:text/javascript,${encodeURIComponent(probe)}`,
      join(packageRoot(), 'bin', 'tfdeploy.js'),
      ...['convert', model, '-o', plan, '--json'],
    ],
    { encoding: 'utf8' },
  );
  expect(child.status, child.stderr + child.stdout).toBe(0);
  return JSON.parse(child.stderr.slice(child.stderr.lastIndexOf('{')));
}

async function lookUp(plan: string, ids: number[]): Promise<number[]> {
  const runner = await createInlineRunner(plan);
  try {
    const inputs = new Map([['id', numericTensor('int32', [ids.length], ids)]]);
    const twice = (await runner.run('serving_default', inputs)).get('twice')!;
    return Array.from(twice.data as Float32Array).filter((_, i) => i % WIDTH === 0);
  } finally {
    await runner.close();
  }
}

describe('a model of 3 GB', () => {
  let dir = '';
  beforeAll(() => {
    // Beside the build, not in the temporary folder, which may be in memory.
    const parent = join(packageRoot(), 'node_modules', '.cache');
    mkdirSync(parent, { recursive: true });
    dir = mkdtempSync(join(parent, 'tfdeploy-large-'));
    writeModel(join(dir, 'large'), LARGE_ROWS);
    writeModel(join(dir, 'small'), SMALL_ROWS);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('is converted in the heap of a small one, without a copy, and answers after the model is gone', async () => {
    const small = convert(join(dir, 'small'), join(dir, 'small-plan'));
    const large = convert(join(dir, 'large'), join(dir, 'large-plan'));
    console.log(
      `heap ${small.heapMb.toFixed(0)} and ${large.heapMb.toFixed(0)} MB,`,
      `memory ${small.residentMb.toFixed(0)} and ${large.residentMb.toFixed(0)} MB`,
    );
    expect(large.heapMb - small.heapMb).toBeLessThan(16);
    // Pieces of 4 MB wait for the collector.
    expect(large.residentMb).toBeLessThan(512);
    const plan = join(dir, 'large-plan');
    expect(statSync(join(plan, SHARD)).nlink).toBe(2);
    expect(readdirSync(plan).sort()).toEqual(['plan.json', 'serving_default.onnx', SHARD]);
    rmSync(join(dir, 'large'), { recursive: true });
    const last = LARGE_ROWS - 1;
    expect(await lookUp(plan, [0, 1, 2_222_222, last])).toEqual([0, 2, 4_444_444, 2 * last]);
  });
});

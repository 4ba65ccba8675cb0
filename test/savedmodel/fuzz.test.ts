import { describe, expect, test } from 'vitest';
import { isTfdeployError } from '../../src/base/error.js';
import type { ModelFiles } from '../../src/base/files.js';
import { openBundle } from '../../src/savedmodel/bundle/open.js';
import { decodeSliceKey } from '../../src/savedmodel/bundle/ordered-code.js';
import { decompressSnappy } from '../../src/savedmodel/bundle/snappy.js';
import { readTable } from '../../src/savedmodel/bundle/table.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { TF_SCHEMA } from '../../src/savedmodel/proto/schema.js';
import { bindCheckpoint } from '../../src/savedmodel/restore.js';
import { summarizeModel } from '../../src/savedmodel/summary.js';
import type { AttrValue, TensorValue } from '../../src/savedmodel/types.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import { buildTable, sliceKey } from '../fixtures/bundle-writer.js';
import { exampleModel } from '../fixtures/example-model.js';
import { linearModel } from '../fixtures/linear-model.js';
import { memoryFiles } from '../fixtures/memory-files.js';
import { makeRandom, mutateBytes, mutateMessage, type Random } from '../fixtures/mutate.mjs';
import { buildSavedModel } from '../fixtures/saved-model-writer.js';
import { compressSnappy } from '../fixtures/snappy-writer.js';
import { printText } from '../fixtures/text-writer.js';
import { restoreFunction } from '../fixtures/tf2-model.js';

const INDEX = 'm/variables/variables.index';
const READ_BYTES = 1 << 20;

/** Two slices in two shards under compression: every part of the checkpoint reader. */
const sliced = linearModel({
  bundle: { shards: 2, isCompressed: true, entriesPerBlock: 2 },
  variables: {
    w: {
      dtype: 'float32',
      shape: [2, 2],
      values: [1, 2, 3, 4],
      slices: [
        { start: [0, 0], length: [1, 2] },
        { start: [1, 0], length: [1, 2] },
      ],
    },
    b: { dtype: 'float32', shape: [2], values: [10, 20] },
    s: { dtype: 'string', shape: [2], values: ['one', 'two'] },
  },
});

const MODELS = [linearModel(), restoreFunction(), exampleModel('ParseExampleV2'), sliced].map(
  (spec) => new Map([...buildSavedModel(spec)].map(([path, bytes]) => [`m/${path}`, bytes])),
);

/** Reads everything that can be read without taking more memory than the files have. */
function readAll(files: ModelFiles): void {
  const model = openSavedModel(files, 'm');
  attempt(() => summarizeModel(model));
  const bundle = attempt(() => openBundle(files, 'm'));
  for (const key of bundle?.entries.keys() ?? []) attempt(() => readSmall(bundle!.tensor(key)));
  for (const metaGraph of model.metaGraphs) {
    const bindings = attempt(() => bindCheckpoint(metaGraph, bundle));
    for (const value of bindings?.variables.values() ?? []) attempt(() => readSmall(value));
    for (const { attrs } of metaGraph.graph.nodes) for (const attr of attrs.values()) readAttr(attr);
    for (const { defaults } of metaGraph.signatures.values()) {
      for (const value of defaults.values()) attempt(() => readSmall(value));
    }
  }
}

function readAttr(attr: AttrValue): void {
  if (attr.kind === 'tensor') attempt(() => readSmall(attr.value));
  if (attr.kind === 'list') attr.value.forEach(readAttr);
}

function readSmall(value: TensorValue): void {
  if (value.byteLength <= READ_BYTES && value.shape.reduce((count, size) => count * size, 1) <= READ_BYTES) {
    value.read();
  }
}

/** Coded errors are what must come of bad input; anything else fails the test. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isTfdeployError(error) && error.code !== 'TFD_BUG') return undefined;
    throw error;
  }
}

/** Only a bound for a machine that is busy with something else. */
const TIMEOUT_MS = 120_000;

function fuzz(count: number, seed: number, tryOne: (random: Random, round: number) => void): void {
  let peakBytes = 0;
  for (let round = 0; round < count; round++) {
    try {
      attempt(() => tryOne(makeRandom(seed + round), round));
    } catch (error) {
      throw new Error(`seed ${seed + round}`, { cause: error });
    }
    if (round % 100 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers);
  }
  expect(peakBytes).toBeLessThan(512 * 1024 * 1024);
}

const changed = (files: ReadonlyMap<string, Uint8Array>, path: string, bytes: Uint8Array) =>
  memoryFiles(new Map(files).set(path, bytes));

describe('bad input gives a coded error, never another one, a hang or a large allocation', {
  timeout: TIMEOUT_MS,
}, () => {
  test('4000 torn and flipped saved_model.pb', () => {
    fuzz(4000, 1_000_000, (random, round) => {
      const files = MODELS[round % MODELS.length]!;
      readAll(changed(files, 'm/saved_model.pb', mutateBytes(files.get('m/saved_model.pb')!, random)));
    });
  });

  test('3000 saved_model.pb that are well formed and hostile', () => {
    const decoded = MODELS.map((files) =>
      decodeMessage(TF_SCHEMA, 'SavedModel', files.get('m/saved_model.pb')!),
    );
    const words = [
      '',
      'w',
      'b',
      'x',
      'product',
      'add',
      'add_bias',
      'v',
      'Const',
      '^x',
      'x:1',
      'y:z:9',
      'a:b:c:d',
      '__proto__',
      'é',
    ];
    fuzz(3000, 2_000_000, (random, round) => {
      const at = round % MODELS.length;
      let message: object = decoded[at]!;
      for (let i = 0; i <= random.int(3); i++)
        message = mutateMessage(TF_SCHEMA, 'SavedModel', message, random, words);
      const bytes = encodeMessage(TF_SCHEMA, 'SavedModel', message as never);
      readAll(changed(MODELS[at]!, 'm/saved_model.pb', bytes));
    });
  });

  test('2000 saved_model.pbtxt', () => {
    const texts = MODELS.map((files) => {
      const model = decodeMessage(TF_SCHEMA, 'SavedModel', files.get('m/saved_model.pb')!);
      return new TextEncoder().encode(printText(TF_SCHEMA, 'SavedModel', model));
    });
    const marks = [
      '{',
      '}',
      '<',
      '[',
      ']',
      ':',
      '"',
      "'",
      '\\',
      '-',
      '#',
      '\n',
      '\0',
      '9e999',
      '0x',
      '\\u12',
      '\\777',
    ].map((mark) => new TextEncoder().encode(mark));
    fuzz(2000, 3_000_000, (random, round) => {
      let bytes: Uint8Array = texts[round % texts.length]!;
      if (random.int(2) === 0) bytes = mutateBytes(bytes, random);
      else {
        const at = random.int(bytes.length);
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...random.pick(marks), ...bytes.subarray(at)]);
      }
      readAll(memoryFiles(new Map([['m/saved_model.pbtxt', bytes]])));
    });
  });

  test('1500 torn and flipped checkpoints', () => {
    fuzz(1500, 4_000_000, (random, round) => {
      const files = MODELS[[0, 1, 3][round % 3]!]!;
      const path = random.pick([...files.keys()].filter((name) => name.startsWith('m/variables')));
      readAll(changed(files, path, mutateBytes(files.get(path)!, random)));
    });
  });

  test('2500 indexes whose checksums are right and whose entries are hostile', () => {
    fuzz(2500, 5_000_000, (random, round) => {
      const files = MODELS[[0, 1, 3][round % 3]!]!;
      const rows = [...readTable(files.get(INDEX)!, 'x')].map(([key, value]): [Uint8Array, Uint8Array] => [
        key,
        value,
      ]);
      const at = random.int(rows.length);
      const [key, value] = rows[at]!;
      const kind = random.int(3);
      if (kind === 0) rows[at] = [mutateBytes(key.length === 0 ? Uint8Array.of(1) : key, random), value];
      else if (kind === 1) rows[at] = [key, mutateBytes(value, random)];
      else {
        const name = at === 0 ? 'BundleHeaderProto' : 'BundleEntryProto';
        const entry = mutateMessage(TF_SCHEMA, name, decodeMessage(TF_SCHEMA, name, value), random, ['']);
        rows[at] = [key, encodeMessage(TF_SCHEMA, name, entry as never)];
      }
      readAll(changed(files, INDEX, buildTable(rows, { isCompressed: random.int(2) === 0 })));
    });
  });

  test('2000 Snappy blocks and keys of slices', () => {
    const block = compressSnappy(
      new TextEncoder().encode('a checkpoint a checkpoint abababababab'.repeat(3)),
    );
    const key = sliceKey('w\0ÿ', [5, 300], [70, 9000], [100, 20000]);
    fuzz(2000, 6_000_000, (random, round) => {
      if (round % 2 === 0) decompressSnappy(mutateBytes(block, random), 'x');
      else decodeSliceKey(mutateBytes(key, random), 'x');
    });
  });

  test('500 keras_metadata.pb: a note for people, never a reason to fail', () => {
    const note = encodeMessage(TF_SCHEMA, 'AssetFileDef', { filename: 'x' });
    fuzz(500, 7_000_000, (random) => {
      const files = changed(MODELS[0]!, 'm/keras_metadata.pb', mutateBytes(note, random));
      expect(summarizeModel(openSavedModel(files, 'm')).keras).toBeUndefined();
    });
  });
});

import { isTfdeployError } from '../base/error.js';
import type { ModelFiles } from '../base/files.js';
import { WIRE, WireReader } from './wire/reader.js';

/** What a file that is not a SavedModel is instead. */
export interface LookAlike {
  readonly what: string;
  readonly hint: string;
  /** TFD_MODEL_UNSUPPORTED when absent. */
  readonly code?: 'TFD_MODEL_CORRUPT';
}

/** How much of a file is looked at. */
export const HEAD_BYTES = 64 * 1024;

const KERAS_HINT =
  'export it as a SavedModel first: keras.saving.load_model(PATH).export(DIRECTORY), or model.save(DIRECTORY) with Keras 2';
const FROZEN_HINT =
  'wrap it in a SavedModel first: tf.compat.v1.saved_model.simple_save after importing the graph';

type Test = (head: Uint8Array, name: string) => boolean;
const startsWith =
  (...bytes: number[]): Test =>
  (head) =>
    bytes.every((byte, i) => head[i] === byte);
const contains = (head: Uint8Array, text: string) => new TextDecoder('latin1').decode(head).includes(text);

/** Tests in order; the first that holds names the file. */
const LOOK_ALIKES: readonly (LookAlike & { readonly test: Test })[] = [
  {
    test: (head) => head.length === 0,
    what: 'an empty file',
    code: 'TFD_MODEL_CORRUPT',
    hint: 'copy the model again',
  },
  {
    test: (head) => new TextDecoder().decode(head.subarray(0, 40)).startsWith('version https://git-lfs'),
    what: 'a Git LFS pointer instead of the file itself',
    code: 'TFD_MODEL_CORRUPT',
    hint: 'fetch it with: git lfs pull',
  },
  {
    test: startsWith(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
    what: 'an HDF5 file (Keras .h5 model or weights)',
    hint: KERAS_HINT,
  },
  {
    test: (head, name) => startsWith(0x50, 0x4b, 3, 4)(head, name) && contains(head, 'config.json'),
    what: 'a Keras 3 archive (.keras)',
    hint: KERAS_HINT,
  },
  {
    test: startsWith(0x50, 0x4b, 3, 4),
    what: 'a zip archive',
    hint: 'unpack it and give the directory that holds saved_model.pb',
  },
  {
    test: startsWith(0x1f, 0x8b),
    what: 'a gzip archive',
    hint: 'unpack it (tar xzf) and give the directory that holds saved_model.pb',
  },
  {
    test: (head) => new TextDecoder('latin1').decode(head.subarray(4, 8)) === 'TFL3',
    what: 'a TensorFlow Lite model',
    hint: 'convert the SavedModel it was made from instead',
  },
  {
    test: (_head, name) => name === 'keras_metadata.pb',
    what: 'the metadata that Keras writes beside a SavedModel',
    hint: 'give the directory that holds saved_model.pb',
  },
  {
    test: (_head, name) => name === 'fingerprint.pb',
    what: 'the fingerprint that lies beside a SavedModel',
    hint: 'give the directory that holds saved_model.pb',
  },
  {
    test: (head) => looksLike(head, { 1: WIRE.varint, 2: WIRE.bytes, 7: WIRE.bytes }, [7]),
    what: 'an ONNX model',
    hint: 'it needs no conversion: serve it with ONNX Runtime',
  },
  {
    test: (head) => isFrozenGraph(head),
    what: 'a bare GraphDef (frozen graph)',
    hint: FROZEN_HINT,
  },
  {
    test: (head) => contains(head.subarray(0, 4096), '"modelTopology"'),
    what: 'a TensorFlow.js model',
    hint: 'convert the SavedModel it was made from instead',
  },
  {
    test: (head) => /^\s*node\s*\{/.test(new TextDecoder('latin1').decode(head.subarray(0, 200))),
    what: 'a bare GraphDef in text form',
    hint: FROZEN_HINT,
  },
];

/** Names a file by its content (its first bytes), undefined when it is nothing known. */
export function recogniseFile(files: ModelFiles, path: string): LookAlike | undefined {
  const head = files.readRange(path, 0, Math.min(HEAD_BYTES, files.size(path)));
  return recogniseBytes(head, path.slice(path.lastIndexOf('/') + 1));
}

export function recogniseBytes(head: Uint8Array, name: string): LookAlike | undefined {
  return LOOK_ALIKES.find((row) => row.test(head, name));
}

/** Names what a directory without a SavedModel holds instead. */
export function recogniseDirectory(
  files: ModelFiles,
  dir: string,
): (LookAlike & { isModel: boolean }) | undefined {
  const names = files.list(dir);
  if (names.includes('tfhub_module.pb')) {
    return {
      isModel: true,
      what: 'a TensorFlow Hub module of the first format (tfhub_module.pb)',
      hint: 'load it with TensorFlow 1 and export it as a SavedModel',
    };
  }
  const inside = names.find((name) => isSavedModelAt(files, `${dir}/${name}`));
  if (inside !== undefined) {
    return {
      isModel: false,
      what: 'no saved_model.pb in it, but in a directory below',
      hint: `did you mean ${dir}/${inside}?`,
    };
  }
  for (const name of names) {
    const path = `${dir}/${name}`;
    if (files.isDirectory(path) || !/\.(pb|pbtxt|h5|hdf5|keras|tflite|onnx|json|zip|tgz|gz)$/.test(name)) {
      continue;
    }
    const kind = recogniseFile(files, path);
    if (kind !== undefined) {
      const isModel = name !== 'keras_metadata.pb' && name !== 'fingerprint.pb';
      return { ...kind, isModel, what: `no saved_model.pb in it, but ${name}: ${kind.what}` };
    }
  }
  return undefined;
}

function isSavedModelAt(files: ModelFiles, dir: string): boolean {
  return files.exists(`${dir}/saved_model.pb`) || files.exists(`${dir}/saved_model.pbtxt`);
}

/** Whether the top-level fields in the head have these wire types and the required ones occur. */
function looksLike(
  head: Uint8Array,
  wires: Readonly<Record<number, number>>,
  required: readonly number[],
): boolean {
  const seen = new Set<number>();
  const reader = new WireReader(head);
  try {
    while (reader.pos < reader.end) {
      const tag = reader.varint32();
      const number = tag >>> 3;
      if (number === 0 || number > 40) return false;
      if (wires[number] !== undefined && wires[number] !== (tag & 7)) return false;
      seen.add(number);
      reader.skip(tag & 7, number, 1);
    }
  } catch (error) {
    // The head ends inside a field when the file is longer.
    if (!isTfdeployError(error)) throw error;
  }
  return required.every((number) => seen.has(number));
}

/** GraphDef: field 1 is a message whose fields 1 and 2 (name, op) are strings. SavedModel's field 1 is a number. */
function isFrozenGraph(head: Uint8Array): boolean {
  const reader = new WireReader(head);
  try {
    if (reader.varint32() !== ((1 << 3) | WIRE.bytes)) return false;
    const node = reader.lengthDelimited();
    return looksLike(node, { 1: WIRE.bytes, 2: WIRE.bytes, 3: WIRE.bytes, 5: WIRE.bytes }, [1, 2]);
  } catch (error) {
    if (isTfdeployError(error)) return false;
    throw error;
  }
}

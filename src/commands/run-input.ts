import { readFileSync } from 'node:fs';
import { inflateCase, isCase, readCase } from '../base/case-format.js';
import { TfdeployError } from '../base/error.js';
import type { TensorMap } from '../base/tensor.js';
import type { Plan, SignaturePlan } from '../convert/plan.js';
import { findSignature } from '../engine/bind.js';
import { decodeTape } from '../http/codec/decode-tape.js';
import type { ServableSignature } from '../repository/types.js';

export interface RunInput {
  readonly signature: SignaturePlan;
  readonly inputs: TensorMap;
}

const DEFAULT_SIGNATURE = 'serving_default';

/** The signature by name; without one the default signature, or the only one there is. */
export function chooseSignature(plan: Plan, name: string | undefined): SignaturePlan {
  if (name !== undefined) return findSignature(plan, name);
  const names = [...plan.signatures, ...plan.refused].map((each) => each.name);
  if (names.length === 1 || names.includes(DEFAULT_SIGNATURE)) {
    return findSignature(plan, names.length === 1 ? names[0]! : DEFAULT_SIGNATURE);
  }
  throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `the model has no signature "${DEFAULT_SIGNATURE}"`, {
    hint: `choose one with --signature: ${names.join(', ')}`,
  });
}

/** The bytes of a file, or of standard input for `-`. TFD_INPUT_INVALID when it can not be read. */
export function readInputFile(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (cause) {
    throw new TfdeployError('TFD_INPUT_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // TensorFlow Serving's JSON may hold NaN and the like, which this parser refuses: the other one decides.
    return undefined;
  }
}

/**
 * A request from a file of the case format (its outputs are not read) or of TensorFlow Serving's JSON, each
 * gzipped or not. `wanted` goes before the signature that the file names. TFD_INPUT_INVALID.
 */
export function parseRunInput(
  file: Uint8Array,
  where: string,
  plan: Plan,
  wanted: string | undefined,
): RunInput {
  const bytes = inflateCase(file, where);
  const document = parseJson(bytes);
  if (isCase(document)) {
    const { signature, inputs } = readCase(document, where);
    return { signature: chooseSignature(plan, wanted ?? signature), inputs };
  }
  const servable = (name: string | undefined): ServableSignature => ({
    ...chooseSignature(plan, wanted ?? name),
    refusal: undefined,
  });
  const { signature, inputs } = decodeTape(bytes, servable);
  return { signature: findSignature(plan, signature.name), inputs };
}

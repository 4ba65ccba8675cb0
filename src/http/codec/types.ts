import type { TensorMap } from '../../base/tensor.js';
import type { ServableSignature } from '../../repository/types.js';

/** `row`: `instances` in, `predictions` out. `columnar`: `inputs` in, `outputs` out. */
export type PredictFormat = 'row' | 'columnar';

export interface DecodedPredict {
  readonly format: PredictFormat;
  readonly signature: ServableSignature;
  readonly inputs: TensorMap;
}

/**
 * The signature of that name, or the default one. Throws with TensorFlow Serving's texts where there is
 * none, where it has no inputs, and its refusal where it can not run.
 */
export type SignatureSource = (name: string | undefined) => ServableSignature;

/** TensorFlow's limit of a tensor's rank. */
export const MAX_RANK = 254;

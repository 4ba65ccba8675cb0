import type { WireError, WireTensor } from '../../engine/wire.js';
import type { ServableSignature } from '../../repository/types.js';
import type { DecodedExamples } from '../codec/example.js';
import type { PredictFormat } from '../codec/types.js';
import type { RequestedOutput } from '../oip/infer-request.js';
import type { InferParameters } from '../oip/parameters.js';

/** A body for the thread to read, with the signatures that it may name. */
export interface ApartJob {
  readonly id: number;
  readonly kind: 'predict' | 'examples' | 'infer';
  readonly bytes: Uint8Array;
  /** See `readInferRequest`. */
  readonly jsonLength?: number;
  readonly signatures: readonly ServableSignature[];
}

/** What a body held; its signature by name. */
export interface ApartPredict {
  readonly format: PredictFormat;
  readonly signature: string;
  readonly inputs: readonly WireTensor[];
}

export interface ApartInfer {
  readonly id: string | undefined;
  readonly signature: string;
  readonly inputs: readonly WireTensor[];
  readonly outputs: readonly RequestedOutput[] | undefined;
  readonly isBinaryWanted: boolean;
  readonly parameters: InferParameters;
}

export type ApartAnswer =
  | { readonly id: number; readonly value: ApartPredict | ApartInfer | DecodedExamples }
  /** It names a signature that is not among those given; undefined is the default one. */
  | { readonly id: number; readonly missing: { readonly name: string | undefined } }
  | { readonly id: number; readonly error: WireError };

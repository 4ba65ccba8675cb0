import type { DType } from '../../../src/base/dtype.js';
import { TfdeployError } from '../../../src/base/error.js';
import type { SignatureSource } from '../../../src/http/codec/types.js';
import type { ServableSignature } from '../../../src/repository/types.js';

/** A signature with inputs of those types and nothing else. */
export function signatureOf(
  inputs: Readonly<Record<string, DType>>,
  name = 'serving_default',
): ServableSignature {
  return {
    name,
    methodName: 'tensorflow/serving/predict',
    inputs: Object.entries(inputs).map(([input, dtype]) => ({ name: input, ref: input, dtype, shape: null })),
    outputs: [],
    isBatchable: true,
    refusal: undefined,
  };
}

export function sourceOf(...signatures: ServableSignature[]): SignatureSource {
  return (name = 'serving_default') => {
    const found = signatures.find((signature) => signature.name === name);
    if (found === undefined) {
      throw new TfdeployError(
        'TFD_SIGNATURE_NOT_FOUND',
        `Serving signature name: "${name}" not found in signature def`,
      );
    }
    return found;
  };
}

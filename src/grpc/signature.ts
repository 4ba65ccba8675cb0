import { reviveError, TfdeployError } from '../base/error.js';
import type { Servable, ServableSignature } from '../repository/types.js';

/** The signature of that name; throws TensorFlow Serving's text, or why the signature can not be run. */
export function findSignature(servable: Servable, name: string): ServableSignature {
  const signature = servable.signatures.get(name);
  if (signature === undefined) {
    throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `Serving signature key "${name}" not found.`, {
      hint: `the model has: ${[...servable.signatures.keys()].join(', ')}`,
      details: { grpcStatus: 'FAILED_PRECONDITION' },
    });
  }
  if (signature.refusal !== undefined) throw reviveError(signature.refusal);
  return signature;
}

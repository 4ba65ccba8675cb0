import { TfdeployError } from '../base/error.js';
import { referredNode } from './refs.js';
import type { MetaGraph, SignatureDef } from './types.js';

const INTERNAL_PREFIX = '__saved_model_';
/** Where TensorFlow looks for the op that it runs once after loading, in this order. */
const INIT_COLLECTIONS = ['saved_model_main_op', 'legacy_init_op'];

/** Signatures that a request can name: all but those that TensorFlow keeps for itself. */
export function servableSignatures(metaGraph: MetaGraph): SignatureDef[] {
  return [...metaGraph.signatures.values()].filter(({ name }) => !name.startsWith(INTERNAL_PREFIX));
}

/** The signature of this name; TFD_SIGNATURE_NOT_FOUND lists the names that there are. */
export function requireSignature(metaGraph: MetaGraph, name: string): SignatureDef {
  const found = metaGraph.signatures.get(name);
  if (found !== undefined && !name.startsWith(INTERNAL_PREFIX)) return found;
  const names = servableSignatures(metaGraph).map((signature) => signature.name);
  throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `the model has no signature "${name}"`, {
    hint: names.length === 0 ? 'it has none at all' : `it has: ${names.join(', ')}`,
    details: { signature: name, signatures: names },
  });
}

/**
 * Name of the node that TensorFlow runs once after restoring variables (it fills tables); undefined when the
 * model has none.
 */
export function findInitNode(metaGraph: MetaGraph): string | undefined {
  const [output] = metaGraph.signatures.get('__saved_model_init_op')?.outputs.values() ?? [];
  if (output !== undefined && output.name !== '') return referredNode(output.name);
  for (const collection of INIT_COLLECTIONS) {
    const name = metaGraph.nodeCollections.get(collection)?.[0];
    if (name !== undefined) return referredNode(name);
  }
  return undefined;
}

import { reviveError, TfdeployError } from '../base/error.js';
import type { Servable, ServableDirectory, ServableSignature } from '../repository/types.js';
import { decodeFast } from './codec/decode-fast.js';
import { decodeTape } from './codec/decode-tape.js';
import { encodePredict } from './codec/encode.js';
import { inputError } from './codec/request-document.js';
import type { SignatureSource } from './codec/types.js';
import type { Exchange } from './exchange.js';
import type { PredictionRoute } from './route.js';

const DEFAULT_SIGNATURE = 'serving_default';

/** Throws why a signature can not run, if so. */
export function checkRunnable(signature: ServableSignature): void {
  if (signature.refusal !== undefined) throw reviveError(signature.refusal);
}

const sources = new WeakMap<Servable, SignatureSource>();

/** Signatures of a servable for the predict API, with TensorFlow Serving's texts. */
function signatureSource(servable: Servable): SignatureSource {
  let source = sources.get(servable);
  if (source === undefined) {
    source = (given) => findSignature(servable, given);
    sources.set(servable, source);
  }
  return source;
}

function findSignature(servable: Servable, given: string | undefined): ServableSignature {
  const name = given ?? DEFAULT_SIGNATURE;
  const signature = servable.signatures.get(name);
  const inputs = signature?.inputs.length || (servable.signatureDefs.get(name)?.inputs.size ?? 0);
  if (signature === undefined) {
    throw new TfdeployError(
      'TFD_SIGNATURE_NOT_FOUND',
      `Serving signature name: "${name}" not found in signature def`,
      { hint: `the model has: ${[...servable.signatures.keys()].join(', ')}` },
    );
  }
  if (inputs === 0) throw inputError(`Failed to get input map for signature: ${given ?? 'DEFAULT'}`);
  checkRunnable(signature);
  return signature;
}

/** `:predict`: reads the body, runs the signature, answers in the form asked in. */
export function handlePredict(
  exchange: Exchange,
  directory: ServableDirectory,
  route: PredictionRoute,
): void {
  exchange.readBody((body) => {
    const servable = directory.find(route.model, route.choice);
    exchange.servable = servable;
    const source = signatureSource(servable);
    const { format, signature, inputs } = decodeFast(body, source) ?? decodeTape(body, source);
    exchange.signature = signature.name;
    exchange.mark('decode');
    return servable
      .predict({
        signature: signature.name,
        inputs,
        deadlineMs: exchange.deadlineMs,
        priority: exchange.headers.priority,
        signal: exchange.signal,
      })
      .then((answer) => {
        exchange.record('queue', answer.queueMs);
        exchange.record('compute', answer.computeMs);
        exchange.skipMark();
        const encoded = encodePredict(format, answer.outputs, {
          rawStrings: exchange.state.options.strictTfs,
        });
        exchange.mark('encode');
        exchange.json(encoded);
      });
  });
}

import type { Servable, ServableDirectory, VersionChoice } from '../repository/types.js';
import type { Exchange } from './exchange.js';

/** A body below this comes with its header: there is nothing to be saved. */
const LEAST_BYTES = 2048;

/**
 * Tells the model of a request before its body is read, so that under overload no time goes into reading and
 * decoding what is refused then. Throws that refusal; what is returned takes the word back.
 */
export function announce(
  exchange: Exchange,
  directory: ServableDirectory,
  model: string,
  choice: VersionChoice,
): (() => void) | undefined {
  const { deadlineMs } = exchange;
  const { contentLength, priority } = exchange.headers;
  const isSmall = contentLength >= 0 && contentLength < LEAST_BYTES;
  // What is more urgent than the rest goes before what waits.
  if (deadlineMs === undefined || isSmall || priority < 0) return undefined;
  let servable: Servable;
  try {
    servable = directory.find(model, choice);
  } catch {
    // Told when the body has been read, as everything else that is wrong with a request.
    return undefined;
  }
  exchange.servable = servable;
  return servable.announce?.(deadlineMs);
}

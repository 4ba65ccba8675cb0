import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { Servable, ServableDirectory, VersionChoice } from '../repository/types.js';
import type { Exchange } from './exchange.js';

/**
 * The servable of a request, which is noted in the exchange. Throws what the directory throws; a strict server
 * answers for a model that is being loaded as for one that is not there, like TensorFlow Serving.
 */
export function findServable(
  exchange: Exchange,
  directory: ServableDirectory,
  model: string,
  choice: VersionChoice,
): Servable {
  try {
    const servable = directory.find(model, choice);
    exchange.servable = servable;
    return servable;
  } catch (error) {
    if (!exchange.state.options.strictTfs || !isTfdeployError(error) || error.code !== 'TFD_UNAVAILABLE')
      throw error;
    const what = choice.version === undefined ? `Latest(${model})` : `Specific(${model}, ${choice.version})`;
    throw new TfdeployError('TFD_NOT_FOUND', `Servable not found for request: ${what}`);
  }
}

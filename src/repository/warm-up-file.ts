import { statSync } from 'node:fs';
import { join } from 'node:path';

/** Where TensorFlow Serving looks for requests to warm a version up with. */
const FILE = join('assets.extra', 'tf_serving_warmup_requests');

/** The recorded requests in a version's directory, a TFRecord of PredictionLog; undefined when there are none. */
export function findWarmUpFile(modelDir: string): string | undefined {
  const path = join(modelDir, FILE);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

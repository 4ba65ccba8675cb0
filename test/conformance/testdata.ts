import { existsSync } from 'node:fs';
import { join } from 'node:path';

const MODELS = join(import.meta.dirname, '../../../shared/models');

/** TensorFlow Serving's own test models and what it answers about them; not part of the repository. */
export const TESTDATA = join(MODELS, 'tensorflow_serving_testdata');

export const SINGLE_MODELS = {
  H2: join(MODELS, 'tensorflow__serving__half_plus_two_cpu'),
  H2T: join(MODELS, 'tensorflow__serving__half_plus_two_tf2_cpu'),
  CNT: join(MODELS, 'tensorflow__serving__saved_model_counter'),
  MX: join(MODELS, 'tensorflow__serving__matrix_half_plus_two'),
} as const;

/** Absent in a user's clone, where the tests that need it are skipped; in CI its absence is a failure. */
export const HAS_TESTDATA = existsSync(TESTDATA);
if (!HAS_TESTDATA && process.env.CI === 'true') throw new Error(`${TESTDATA} is missing`);

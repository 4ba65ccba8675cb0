import type { OpJson } from './opdefs.js';
import { TEXT_OPS } from './text-ops.js';

/**
 * Operations of libraries that add theirs to TensorFlow, in the form of the generated registry: inputs,
 * outputs, attributes with defaults, and whether they are stateful.
 */
export const CUSTOM_OPS: Readonly<Record<string, OpJson>> = {
  ...TEXT_OPS,
  SimpleMLCreateModelResource: [
    '',
    'model_handle:#20',
    { container: ['string', ''], shared_name: ['string', ''] },
    1,
  ],
  SimpleMLLoadModelFromPathWithHandle: [
    'model_handle:#20 path:#7',
    '',
    {
      output_types: ['list(string)', []],
      file_prefix: ['string', ''],
      allow_slow_inference: ['bool', true],
    },
    1,
  ],
  SimpleMLInferenceOpWithHandle: [
    'numerical_features:#1 boolean_features:#1 categorical_int_features:#3 categorical_set_int_features_values:#3 categorical_set_int_features_row_splits_dim_1:#9 categorical_set_int_features_row_splits_dim_2:#9 model_handle:#20',
    'dense_predictions:#1 dense_col_representation:#7',
    { dense_output_dim: 'int' },
    1,
  ],
};

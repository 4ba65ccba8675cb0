import { defineSchema } from '../wire/compile.js';

/** tensorflow/core/example: the record that Estimator and TFX models take as a serialized string. */
export const EXAMPLE_SCHEMA = defineSchema({
  Example: { features: [1, 'Features'] },
  Features: { feature: [1, 'map<string, Feature>'] },
  Feature: {
    bytes_list: [1, 'BytesList', 'kind'],
    float_list: [2, 'FloatList', 'kind'],
    int64_list: [3, 'Int64List', 'kind'],
  },
  BytesList: { value: [1, 'bytes[]'] },
  FloatList: { value: [1, 'float[]'] },
  Int64List: { value: [1, 'int64[]'] },
});

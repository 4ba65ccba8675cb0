import { EXAMPLE_SCHEMA } from '../../src/savedmodel/proto/example.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';

/** Features of a serialized tf.Example by name: text, `{ floats }`, integers, or null for a feature without a kind. */
export function readExample(bytes: Uint8Array): Record<string, unknown> {
  const { features } = decodeMessage(EXAMPLE_SCHEMA, 'Example', bytes);
  return Object.fromEntries(
    [...(features?.feature ?? [])].map(([name, { bytes_list, float_list, int64_list }]) => {
      if (bytes_list !== undefined) return [name, bytes_list.value.map((one) => Buffer.from(one).toString())];
      if (float_list !== undefined) return [name, { floats: [...float_list.value] }];
      return [name, int64_list === undefined ? null : [...int64_list.value]];
    }),
  );
}

import type { OpJson } from './opdefs.js';

/**
 * Operations of TensorFlow Text that have a kernel here, in the form of the generated registry. They are not part
 * of TensorFlow, whose servers link them. From tensorflow_text 2.20.
 */
export const TEXT_OPS: Readonly<Record<string, OpJson>> = {
  CaseFoldUTF8: ['input:#7', 'output:#7', {}, 0],
  NormalizeUTF8: ['input:#7', 'output:#7', { normalization_form: 'string' }, 0],
  RegexSplitWithOffsets: [
    'input:#7 delim_regex_pattern:#7 keep_delim_regex_pattern:#7',
    'tokens:#7 begin_offsets:#9 end_offsets:#9 row_splits:#9',
    {},
    0,
  ],
  'TFText>WhitespaceTokenizeWithOffsetsV2': [
    'input_values:#7 input_config:#7',
    'output_tokens:#7 output_row_splits:#9 output_start_offsets:#3 output_end_offsets:#3',
    {},
    0,
  ],
  WordpieceTokenizeWithOffsets: [
    'input_values:#7 vocab_lookup_table:#20',
    'output_values:#7 output_row_lengths:#9 start_values:#9 limit_values:#9',
    {
      suffix_indicator: 'string',
      max_bytes_per_word: 'int',
      max_chars_per_token: ['int', 0],
      use_unknown_token: 'bool',
      unknown_token: 'string',
      split_unknown_characters: ['bool', false],
      output_row_partition_type: ['string', 'row_lengths'],
    },
    1,
  ],
};

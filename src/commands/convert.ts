import type { Command } from './define.js';

/** `tfdeploy convert`: the compiled plan of a model on disk. */
export const convert: Command = {
  name: 'convert',
  about: 'compile a model into a plan directory: ONNX files, host stages, weights and plan.json',
  arguments: [
    { name: '<model>', about: 'SavedModel, or directory of numbered versions (the highest is taken)' },
  ],
  flags: [
    { flags: '-o, --output <dir>', about: 'directory of the plan; an older plan there is replaced' },
    {
      flags: '--signature <name>',
      about: 'compile this signature only; may be given several times (default: all)',
      isRepeatable: true,
    },
    {
      flags: '--tags <tags>',
      about: 'tags of the MetaGraph, comma-separated (default: serve)',
      parse: (text) => text.split(',').filter((tag) => tag !== ''),
    },
    {
      flags: '--quantize <how>',
      about: 'dynamic-int8: matrix products in 8-bit integers; static-int8: convolutions, by --calibrate',
      choices: ['dynamic-int8', 'static-int8'],
    },
    {
      flags: '--calibrate <file>',
      about: 'a request (as for run --input) whose values set the ranges of static-int8; repeatable',
      isRepeatable: true,
    },
    { flags: '--fp16-weights', about: 'store float weights in 16 bits: half the size, computed in float32' },
    {
      flags: '--check',
      about: 'run the result and compare it with --input cases, else with the reference interpreter',
    },
    {
      flags: '--input <file>',
      about: 'a case for --check, or a request to measure --quantize with; may be given several times',
      isRepeatable: true,
    },
    { flags: '--partial', about: 'write the plan even if some signatures can not be compiled' },
  ],
  examples: [
    'tfdeploy convert ./model -o ./plan',
    'tfdeploy convert ./model -o ./plan --signature predict --json',
    'tfdeploy convert ./model -o ./plan --quantize dynamic-int8 --input request.json',
  ],
  load: async () => (await import('./convert-handler.js')).runConvert,
};

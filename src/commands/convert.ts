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
    { flags: '--partial', about: 'write the plan even if some signatures can not be compiled' },
  ],
  examples: [
    'tfdeploy convert ./model -o ./plan',
    'tfdeploy convert ./model -o ./plan --signature predict --json',
  ],
  load: async () => (await import('./convert-handler.js')).runConvert,
};

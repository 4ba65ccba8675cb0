import { TfdeployError } from '../base/error.js';
import type { Command } from './define.js';

function parseThreads(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new TfdeployError('TFD_USAGE', `--threads ${text}: not a number of threads`);
}

/** `tfdeploy run`: one local inference, no server. */
export const run: Command = {
  name: 'run',
  about: 'run a model once on an input file, without a server',
  arguments: [{ name: '<model>', about: 'SavedModel, directory of numbered versions, or compiled plan' }],
  flags: [
    {
      flags: '--input <file>',
      about:
        'request: case format or TensorFlow Serving JSON, gzipped or not, - for stdin (default: a sample)',
    },
    {
      flags: '--signature <name>',
      about: 'signature to run (default: the one of the file, or serving_default)',
    },
    {
      flags: '--tags <tags>',
      about: 'tags of the MetaGraph, comma-separated (default: serve)',
      parse: (text) => text.split(',').filter((tag) => tag !== ''),
    },
    { flags: '--engine <name>', about: 'engine to run on', choices: ['onnxruntime'], default: 'onnxruntime' },
    {
      flags: '--threads <number>',
      about: 'compute threads (default: the cores that may be used)',
      parse: parseThreads,
    },
    {
      flags: '--output <file>',
      about: 'write inputs and outputs in the case format (.gz compresses, - is stdout)',
    },
    { flags: '--no-install', about: 'fail instead of installing the engine when it is not there' },
  ],
  examples: [
    'tfdeploy run ./model --input request.json',
    'tfdeploy run ./model --input case.json.gz --output answer.json',
  ],
  load: async () => (await import('./run-handler.js')).runModel,
};

import { ENGINES } from '../engine/engines.js';
import type { Command } from './define.js';

/** `tfdeploy engine list|install`: what runs the models on this machine. */
export const engine: Command = {
  name: 'engine',
  about: 'list the inference engines of this machine, or install one ahead of its first use',
  arguments: [
    { name: '<action>', about: 'list, or install' },
    { name: '[name]', about: `engine to install: ${ENGINES.map(({ name }) => name).join(', ')}` },
  ],
  flags: [],
  examples: ['tfdeploy engine list', 'tfdeploy engine install onnxruntime'],
  load: async () => (await import('./engine-handler.js')).runEngine,
};

import type { Command } from './define.js';

/** `tfdeploy inspect`: what a model is and which engine runs it, without reading its weights. */
export const inspect: Command = {
  name: 'inspect',
  about: 'describe a model: signatures, variables, operations, engines, a sample request',
  arguments: [
    { name: '<model>', about: 'SavedModel, or directory of numbered versions (the highest is taken)' },
  ],
  flags: [],
  examples: ['tfdeploy inspect ./model', 'tfdeploy inspect ./model --json'],
  load: async () => (await import('./inspect-handler.js')).runInspect,
};

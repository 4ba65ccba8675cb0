import type { OpFamily, OpRow } from '../types.js';

/** Attributes that name the bodies, which the graph holds, and hints about how to run them. */
const neutral = [
  ...['cond', 'body', 'then_branch', 'else_branch', 'branches', 'f'],
  ...['output_shapes', 'parallel_iterations', 'executor_type', 'config', 'config_proto'],
];

const flow = (becomes: string): OpRow => ({ convert: (context) => context.convertFlow(), neutral, becomes });

const loop = flow('Loop; an LSTM, GRU or simple RNN is recognised');
const branch = flow('If');
const choice = flow('nested If');

/** Control flow with functions as bodies. */
export const control: OpFamily = {
  While: loop,
  StatelessWhile: loop,
  If: branch,
  StatelessIf: branch,
  Case: choice,
  StatelessCase: choice,
};

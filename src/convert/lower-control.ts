import type { Graph } from '../graph/ir.js';
import { unrollBlockLstm } from './control/block-lstm.js';
import { lowerLists } from './control/lists/lower.js';
import { recogniseRnns } from './control/rnn/rewrite.js';

/** Makes control flow plain before anything else looks at the graph. Changes it in place. */
export function lowerControl(graph: Graph): void {
  lowerLists(graph);
  unrollBlockLstm(graph);
  recogniseRnns(graph);
}

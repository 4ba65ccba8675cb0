import type { MessagePort } from 'node:worker_threads';
import type { Segment } from './segments.js';

/** Cells of the shared control block. */
export const TICK = 0;
export const COMMAND = 1;
export const CONTROL_CELLS = 2;

export interface PacerData {
  readonly control: Int32Array;
  readonly port: MessagePort;
}

export type PacerCommand =
  | { readonly kind: 'segment'; readonly segment: Segment }
  | { readonly kind: 'stop' };

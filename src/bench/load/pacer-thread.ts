import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../clock.js';
import { COMMAND, type PacerCommand, type PacerData, TICK } from './pacer-protocol.js';
import { SegmentCursor } from './segments.js';

/** Wakes closer together than this are one: the generator sends all that is due anyway. */
const LEAST_GAP_MS = 0.1;

/**
 * The alarm clock of the generator. A timer of the event loop rounds to milliseconds; a thread that sleeps in
 * `Atomics.wait` is late by about 0.1 ms, and it leaves the generator's thread free to read answers.
 */
function run({ control, port }: PacerData): void {
  const cursor = new SegmentCursor();
  const wake = (): void => {
    Atomics.add(control, TICK, 1);
    Atomics.notify(control, TICK);
  };
  wake();
  for (;;) {
    const seen = Atomics.load(control, COMMAND);
    if (isStopped(port, cursor)) return;
    const due = cursor.peekMs();
    if (due === undefined) {
      Atomics.wait(control, COMMAND, seen);
      continue;
    }
    const left = due - monotonicMs();
    if (left > 0) {
      Atomics.wait(control, COMMAND, seen, Math.max(left, LEAST_GAP_MS / 2));
      continue;
    }
    cursor.skipDue(monotonicMs() + LEAST_GAP_MS / 2);
    wake();
    Atomics.wait(control, COMMAND, seen, LEAST_GAP_MS);
  }
}

function isStopped(port: MessagePort, cursor: SegmentCursor): boolean {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: PacerCommand } | undefined;
    if (received === undefined) return false;
    if (received.message.kind === 'stop') return true;
    cursor.add(received.message.segment);
  }
}

run(workerData as PacerData);

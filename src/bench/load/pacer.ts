import { MessageChannel, Worker } from 'node:worker_threads';
import { entryPath } from '../../base/entry.js';
import { TfdeployError } from '../../base/error.js';
import { COMMAND, CONTROL_CELLS, type PacerCommand, type PacerData, TICK } from './pacer-protocol.js';
import type { Segment } from './segments.js';

const START_TIMEOUT_MS = 10_000;

type WaitAsync = (
  cells: Int32Array,
  index: number,
  value: number,
  timeoutMs?: number,
) => { readonly async: false } | { readonly async: true; readonly value: Promise<string> };

/** Wakes a callback at each intended time of the segments given to it, about 0.1 ms late. */
export interface Pacer {
  add(segment: Segment): void;
  stop(): Promise<void>;
}

/** Starts the pacing thread. `onDue` runs on this thread, never inside `add`. */
export async function startPacer(onDue: () => void): Promise<Pacer> {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_CELLS * 4));
  const channel = new MessageChannel();
  const data: PacerData = { control, port: channel.port2 };
  const worker = new Worker(entryPath(import.meta.url, './pacer-thread.js'), {
    workerData: data,
    transferList: [channel.port2],
  });
  let isStopped = false;
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (!isStopped) reject(new TfdeployError('TFD_BUG', `the pacing thread ended with status ${code}`));
    });
  });
  failed.catch(() => {});

  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TfdeployError('TFD_BUG', `the pacing thread did not start in ${START_TIMEOUT_MS} ms`));
    }, START_TIMEOUT_MS);
  });
  try {
    await Promise.race([waitForTick(control, 0), failed, late]);
  } finally {
    clearTimeout(timer);
  }
  seen = Atomics.load(control, TICK);

  const listen = (): void => {
    if (isStopped) return;
    waitForTick(control, seen).then(() => {
      if (isStopped) return;
      seen = Atomics.load(control, TICK);
      onDue();
      listen();
    });
  };
  listen();

  const command = (message: PacerCommand): void => {
    channel.port1.postMessage(message);
    Atomics.add(control, COMMAND, 1);
    Atomics.notify(control, COMMAND);
  };
  return {
    add: (segment) => command({ kind: 'segment', segment }),
    async stop() {
      isStopped = true;
      command({ kind: 'stop' });
      channel.port1.close();
      await worker.terminate();
    },
  };
}

/** Resolves once the tick is not `seen`, by way of the event loop, so that reads get their turn between ticks. */
function waitForTick(control: Int32Array, seen: number): Promise<void> {
  const { waitAsync } = Atomics as unknown as { waitAsync: WaitAsync };
  const waiting = waitAsync(control, TICK, seen);
  if (waiting.async) return waiting.value.then(() => {});
  return new Promise((resolve) => setImmediate(resolve));
}

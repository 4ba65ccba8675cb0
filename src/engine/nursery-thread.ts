import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { entryPath } from '../base/entry.js';
import type { EngineLocation } from './find.js';
import { flushDenormals } from './flush-denormals.js';
import { ThreadState } from './thread-state.js';

/** What the nursery is started with. */
export interface NurseryData {
  readonly engine: EngineLocation;
  readonly state: SharedArrayBuffer;
}

/** Asks for an executor's thread. `port` is its line to the executor. */
export interface SpawnRequest {
  readonly id: number;
  readonly data: unknown;
  readonly port: MessagePort;
  readonly maxHeapMb: number | undefined;
}

/** A thread has ended. */
export interface ThreadExit {
  readonly id: number;
  readonly reason: string;
}

const port = parentPort!;
const data = workerData as NurseryData;
const ENTRY = entryPath(import.meta.url, './executor-thread.js');

/** The threads that this one starts inherit its floating point mode. */
async function flushDenormalsHere(): Promise<void> {
  const state = new ThreadState(data.state);
  if (!state.enter()) return;
  try {
    await flushDenormals(data.engine);
  } catch {
    // An engine that does not load says so to the executor that needs it.
  } finally {
    state.leave();
  }
}

function spawn({ id, data: ownData, port: line, maxHeapMb }: SpawnRequest): void {
  const worker = new Worker(ENTRY, {
    name: 'tfdeploy-engine',
    workerData: { ...(ownData as object), port: line },
    transferList: [line],
    execArgv: [],
    ...(maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } }),
  });
  let reason: string | undefined;
  worker.on('error', (error) => {
    reason = error.message;
  });
  worker.on('exit', (code) => {
    port.postMessage({ id, reason: reason ?? `it ended with exit code ${code}` } satisfies ThreadExit);
  });
}

await flushDenormalsHere();
port.on('message', spawn);

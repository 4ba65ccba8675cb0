import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { entryPath } from '../base/entry.js';
import { encodeModel } from '../convert/onnx/model.js';
import type { EngineLocation } from './find.js';
import { loadOnnxRuntime, openSession } from './onnxruntime.js';
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

/** y = x: a model to have a session at all. */
const IDENTITY = encodeModel({
  name: 'identity',
  nodes: [{ op: 'Identity', domain: '', name: 'y', inputs: ['x'], outputs: ['y'], attrs: new Map() }],
  initializers: new Map(),
  inputs: [{ name: 'x', dtype: 'float32', shape: [] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
});

/**
 * Denormal numbers count as zero in TensorFlow's threads, and cost a hundred times the compute time where they
 * do not. The runtime sets that for the thread that opens the first session of a process, and for no
 * other: this thread does it, and those it starts inherit its floating point mode.
 */
async function flushDenormals(): Promise<void> {
  const state = new ThreadState(data.state);
  if (!state.enter()) return;
  try {
    const options = { threads: 1, device: 'cpu', isFlushingDenormals: true } as const;
    const session = await openSession(loadOnnxRuntime(data.engine), IDENTITY, options);
    await session.close();
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

await flushDenormals();
port.on('message', spawn);

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { entryPath } from '../base/entry.js';
import type { EngineLocation } from './find.js';
import type { NurseryData, SpawnRequest, ThreadExit } from './nursery-thread.js';
import { guardExit, ThreadState } from './thread-state.js';

export interface ThreadOptions {
  readonly engine: EngineLocation;
  /** Given to the thread as its worker data, beside `port`. */
  readonly data: object;
  readonly maxHeapMb: number | undefined;
  readonly onExit: (reason: string) => void;
}

/** The thread that starts all engine threads of this process; see nursery-thread.ts for why there is one. */
class Nursery {
  readonly #worker: Worker;
  readonly #exits = new Map<number, (reason: string) => void>();
  #nextId = 0;

  constructor(engine: EngineLocation, onEnd: () => void) {
    const state = new ThreadState();
    const release = guardExit(state);
    this.#worker = new Worker(entryPath(import.meta.url, './nursery-thread.js'), {
      name: 'tfdeploy-nursery',
      workerData: { engine, state: state.buffer } satisfies NurseryData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    let reason = 'the thread that starts them ended';
    this.#worker.on('message', ({ id, reason: why }: ThreadExit) => this.#settle(id, why));
    this.#worker.on('error', (error) => {
      reason = error.message;
    });
    this.#worker.on('exit', () => {
      release();
      onEnd();
      for (const id of [...this.#exits.keys()]) this.#settle(id, reason);
    });
    // The ports of the threads keep the process alive, as long as they are open.
    this.#worker.unref();
  }

  spawn({ data, maxHeapMb, onExit }: ThreadOptions): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const id = this.#nextId++;
    this.#exits.set(id, onExit);
    this.#worker.postMessage({ id, data, port: port2, maxHeapMb } satisfies SpawnRequest, [port2]);
    return port1;
  }

  #settle(id: number, reason: string): void {
    this.#exits.get(id)?.(reason);
    this.#exits.delete(id);
  }
}

let nursery: Nursery | undefined;

function openNursery(engine: EngineLocation): Nursery {
  nursery ??= new Nursery(engine, () => {
    nursery = undefined;
  });
  return nursery;
}

/** Loads the engine ahead of the first executor: a server does it while its model is still being compiled. */
export function prepareEngine(engine: EngineLocation): void {
  openNursery(engine);
}

/** Starts an engine thread and returns the line to it. */
export function startEngineThread(options: ThreadOptions): MessagePort {
  return openNursery(options.engine).spawn(options);
}

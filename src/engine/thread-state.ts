/** Two flags that an executor and its thread share: whether the thread is in the engine, and whether it may go on. */
const IS_BUSY = 0;
const IS_STOPPED = 1;

/** A run may take this long to end when the process exits; then the process is killed. */
const EXIT_WAIT_MS = 5_000;

/**
 * Native code that returns into a thread that was told to end takes the whole process down (an abort, after
 * the run, in `Worker.terminate` and in `process.exit` alike). So a thread is never ended while it is in
 * the engine: it is asked to stop, and a process that exits waits for that.
 */
export class ThreadState {
  readonly #flags: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(8)) {
    this.#flags = new Int32Array(buffer);
  }

  /** The thread is about to call the engine; false when it must not any more. */
  enter(): boolean {
    Atomics.store(this.#flags, IS_BUSY, 1);
    if (Atomics.load(this.#flags, IS_STOPPED) === 0) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.store(this.#flags, IS_BUSY, 0);
    Atomics.notify(this.#flags, IS_BUSY);
  }

  /** From now on the thread ends what it is doing and does nothing more. */
  stop(): void {
    Atomics.store(this.#flags, IS_STOPPED, 1);
  }

  get isBusy(): boolean {
    return Atomics.load(this.#flags, IS_BUSY) === 1;
  }

  /** Blocks until the thread is out of the engine; false at the deadline. */
  waitIdle(timeoutMs: number): boolean {
    Atomics.wait(this.#flags, IS_BUSY, 1, timeoutMs);
    return !this.isBusy;
  }
}

const guarded = new Set<ThreadState>();

function waitForThreads(): void {
  const deadlineMs = performance.now() + EXIT_WAIT_MS;
  for (const state of guarded) state.stop();
  for (const state of guarded) {
    // Killed, the process leaves at least no core dump behind.
    if (!state.waitIdle(Math.max(0, deadlineMs - performance.now()))) process.kill(process.pid, 'SIGKILL');
  }
}

/** Makes an exit of this process wait for the thread. Undone with the returned function. */
export function guardExit(state: ThreadState): () => void {
  if (guarded.size === 0) process.on('exit', waitForThreads);
  guarded.add(state);
  return () => {
    guarded.delete(state);
    if (guarded.size === 0) process.off('exit', waitForThreads);
  };
}

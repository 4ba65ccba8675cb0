import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { reviveError, TfdeployError } from '../base/error.js';
import type { TensorMap } from '../base/tensor.js';
import { readPlan } from '../convert/plan-files.js';
import type { ThreadData } from './executor-thread.js';
import { startEngineThread } from './nursery.js';
import { guardExit, ThreadState } from './thread-state.js';
import type { ExecutorOptions, PlanExecutor, RunResult } from './types.js';
import { VariantSet } from './variant-set.js';
import { packTensors, type ThreadAnswer, type ThreadRequest, unpackTensors } from './wire.js';

interface Waiting {
  resolve(result: RunResult): void;
  reject(error: Error): void;
}

const CLOSE_TIMEOUT_MS = 5_000;
/** A thread that ends this often within a minute is not started again before the minute is over. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;

/** The id of the thread's greeting, sent when it has read its plan. */
const READY_ID = 0;

class ThreadExecutor implements PlanExecutor {
  readonly #options: ExecutorOptions;
  readonly #threadData: Omit<ThreadData, 'state' | 'port'>;
  readonly #variants: VariantSet;
  readonly #waiting = new Map<number, Waiting>();
  #port: MessagePort | undefined;
  #state: ThreadState | undefined;
  #outbox: ThreadRequest[] = [];
  #transfer = new Set<ArrayBuffer>();
  #nextId = READY_ID + 1;
  #isClosing = false;
  #onGone: (() => void) | undefined;
  #crashTimes: number[] = [];

  constructor(options: ExecutorOptions, threadData: Omit<ThreadData, 'state' | 'port'>) {
    this.#options = options;
    this.#threadData = threadData;
    this.#variants = new VariantSet(readPlan(options.planDir), options.compileVariant);
  }

  get pending(): number {
    return this.#waiting.size;
  }

  async run(signature: string, inputs: TensorMap, outputs?: readonly string[]): Promise<TensorMap> {
    return (await this.runTimed(signature, inputs, outputs)).outputs;
  }

  runTimed(signature: string, inputs: TensorMap, outputs?: readonly string[]): Promise<RunResult> {
    const submit = (planDir: string | undefined) =>
      this.#submit((id) => ({
        id,
        kind: 'run',
        signature,
        inputs: packTensors(inputs, this.#transfer),
        ...(outputs === undefined ? {} : { outputs }),
        ...(planDir === undefined ? {} : { planDir }),
      }));
    // A request that fits a plan at hand is posted in this very turn, so that runs of one turn leave together.
    const planDir = this.#variants.choose(signature, inputs);
    return planDir instanceof Promise ? planDir.then(submit) : submit(planDir);
  }

  async warm(signature: string): Promise<void> {
    await this.#submit((id) => ({ id, kind: 'warm', signature }));
  }

  /** Starts the thread and waits until it has read its plan. */
  async start(): Promise<void> {
    await new Promise<RunResult>((resolve, reject) => {
      this.#waiting.set(READY_ID, { resolve, reject });
      this.#startThread();
    });
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const port = this.#port;
    if (port === undefined) return;
    this.#post({ id: this.#nextId++, kind: 'close' });
    const timeoutMs = this.#options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#state?.stop();
        this.#failAll(`the engine did not end within ${timeoutMs} ms`);
        port.close();
        resolve();
      }, timeoutMs);
      this.#onGone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #submit(build: (id: number) => ThreadRequest): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      if (this.#isClosing) throw new TfdeployError('TFD_UNAVAILABLE', 'the executor is closed');
      if (this.#port === undefined) this.#restart();
      const request = build(this.#nextId++);
      this.#waiting.set(request.id, { resolve, reject });
      this.#post(request);
    });
  }

  #post(request: ThreadRequest): void {
    if (this.#outbox.push(request) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const [requests, transfer] = [this.#outbox, this.#transfer];
    this.#outbox = [];
    this.#transfer = new Set();
    if (this.#port === undefined) return;
    try {
      this.#port.postMessage(requests, [...transfer]);
    } catch {
      // Memory that can not change its owner (a foreign buffer) is copied instead.
      this.#port.postMessage(requests);
    }
  }

  #startThread(): void {
    const state = new ThreadState();
    const release = guardExit(state);
    const port = startEngineThread({
      engine: this.#threadData.engine,
      data: { ...this.#threadData, state: state.buffer },
      maxHeapMb: this.#options.maxHeapMb,
      onExit: (reason) => {
        release();
        // What it had answered before it ended may still lie in the port.
        for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port)) {
          this.#settleAll(left.message as readonly ThreadAnswer[]);
        }
        port.close();
        this.#port = undefined;
        if (!this.#isClosing) this.#crashTimes.push(Date.now());
        this.#failAll(reason);
        this.#onGone?.();
      },
    });
    port.on('message', (answers: readonly ThreadAnswer[]) => this.#settleAll(answers));
    this.#port = port;
    this.#state = state;
  }

  #restart(): void {
    const since = Date.now() - CRASH_WINDOW_MS;
    this.#crashTimes = this.#crashTimes.filter((time) => time > since);
    if (this.#crashTimes.length >= MAX_CRASHES) {
      throw new TfdeployError(
        'TFD_ENGINE_FAILED',
        `the engine thread ended ${this.#crashTimes.length} times within a minute`,
      );
    }
    this.#startThread();
  }

  #settleAll(answers: readonly ThreadAnswer[]): void {
    for (const each of answers) this.#settle(each);
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting.reject(reviveError(answer.error));
    else {
      const { computeMs } = answer;
      waiting.resolve({ outputs: unpackTensors(answer.outputs), timing: { computeMs } });
    }
  }

  #failAll(reason: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#outbox = [];
    this.#transfer = new Set();
    for (const { reject } of waiting) {
      reject(new TfdeployError('TFD_ENGINE_FAILED', `the engine thread failed: ${reason}`));
    }
  }
}

/**
 * Loads a compiled model into a thread of its own. The engine is looked up (and installed where allowed)
 * first, unless `options.engine` names it. A thread that crashes is started again by the next run.
 */
export async function createExecutor(options: ExecutorOptions): Promise<PlanExecutor> {
  const { planDir, threads, device, isWeightSharing } = options;
  // Looking for an engine can mean installing it, which takes much code that a server starts without.
  const engine = options.engine ?? (await (await import('./resolve.js')).resolveEngine());
  const executor = new ThreadExecutor(options, {
    planDir,
    engine,
    session: { threads, device, isWeightSharing },
  });
  await executor.start();
  return executor;
}

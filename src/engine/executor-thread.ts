import { type MessagePort, workerData } from 'node:worker_threads';
import { TfdeployError } from '../base/error.js';
import { freeMemory } from '../base/free-memory.js';
import { readPlan } from '../convert/plan-files.js';
import type { EngineLocation } from './find.js';
import type { SessionOptions } from './onnxruntime.js';
import { PlanRunner } from './plan-runner.js';
import { createStageLoaders } from './stage-loaders.js';
import { ThreadState } from './thread-state.js';
import { packTensors, type ThreadAnswer, type ThreadRequest, unpackTensors, type WireError } from './wire.js';

/** What the executor starts its thread with. */
export interface ThreadData {
  readonly planDir: string;
  readonly engine: EngineLocation;
  readonly session: SessionOptions;
  readonly state: SharedArrayBuffer;
  /** The line to the executor. */
  readonly port: MessagePort;
}

/** Answers wait at most this long for others while runs follow each other. */
const FLUSH_MS = 0.3;

const data = workerData as ThreadData;
const { port } = data;
const state = new ThreadState(data.state);
const loaders = createStageLoaders(data.engine, data.session);
const runners = new Map<string, PlanRunner>();

const queue: ThreadRequest[] = [];
let isRunning = false;
let answers: ThreadAnswer[] = [];
let transfer = new Set<ArrayBuffer>();
let flushedAtMs = 0;

function runnerOf(planDir: string): PlanRunner {
  const known = runners.get(planDir);
  if (known !== undefined) return known;
  const runner = new PlanRunner(readPlan(planDir), planDir, loaders);
  runners.set(planDir, runner);
  return runner;
}

function describeError(error: unknown): WireError {
  if (error instanceof TfdeployError) return error.toJSON();
  return {
    code: 'TFD_BUG',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

function flush(): void {
  if (answers.length > 0) port.postMessage(answers, [...transfer]);
  answers = [];
  transfer = new Set();
  flushedAtMs = performance.now();
}

async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  const { id } = request;
  const startMs = performance.now();
  if (request.kind === 'close') {
    for (const runner of runners.values()) await runner.close();
    return { id, outputs: [], computeMs: 0 };
  }
  const runner = runnerOf(request.planDir ?? data.planDir);
  if (request.kind === 'warm') {
    await runner.warm(request.signature);
    return { id, outputs: [], computeMs: performance.now() - startMs };
  }
  const outputs = await runner.run(request.signature, unpackTensors(request.inputs), request.outputs);
  // Outputs share no memory with inputs, which were handed over to this thread.
  for (const input of request.inputs) if (input.dtype !== 'string') freeMemory(input.data);
  const computeMs = performance.now() - startMs;
  return { id, outputs: packTensors(outputs, transfer), computeMs };
}

/** Answers of short runs leave together, so that a burst costs the other thread one wake-up. */
async function drain(): Promise<void> {
  isRunning = true;
  for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
    if (!state.enter()) {
      port.close();
      return;
    }
    try {
      answers.push(await answer(request));
    } catch (error) {
      answers.push({ id: request.id, error: describeError(error) });
    } finally {
      state.leave();
    }
    if (queue.length === 0 || performance.now() - flushedAtMs > FLUSH_MS) flush();
    if (request.kind === 'close') port.close();
  }
  isRunning = false;
}

port.on('message', (requests: readonly ThreadRequest[]) => {
  queue.push(...requests);
  if (!isRunning) void drain();
});

runnerOf(data.planDir);
port.postMessage([{ id: 0, outputs: [], computeMs: 0 }] satisfies ThreadAnswer[]);

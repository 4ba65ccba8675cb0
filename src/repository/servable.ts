import { readFileSync } from 'node:fs';
import { reviveError, TfdeployError } from '../base/error.js';
import type { TensorMap } from '../base/tensor.js';
import type { BatchLimits } from '../batch/limits.js';
import { createScheduler, type Scheduler, type SchedulerOptions } from '../batch/scheduler.js';
import type { Plan, RefusedSignature, SignaturePlan } from '../convert/plan.js';
import { readPlan } from '../convert/plan-files.js';
import type { PlanExecutor } from '../engine/types.js';
import { checkRequest } from './check-request.js';
import { planDirOf, signaturesPathOf } from './plan-cache.js';
import { sampleInputs } from './sample-inputs.js';
import { signaturesFromJson } from './signature-json.js';
import type { Announcement, PredictAnswer, PredictRequest, Servable, ServableSignature } from './types.js';
import { warmUp } from './warm-up.js';

export interface LoadOptions {
  readonly model: string;
  readonly version: bigint;
  readonly entryDir: string;
  readonly limits: BatchLimits;
  readonly isBatching: boolean;
  readonly isWarmingUp: boolean;
  /** Others are answering meanwhile: warming up leaves them half of the time. */
  readonly isBackground?: boolean;
  readonly createExecutor: (planDir: string) => Promise<PlanExecutor>;
  readonly onBatch?: SchedulerOptions['onBatch'];
  readonly onShed?: SchedulerOptions['onShed'];
}

/** A servable with what the worker needs to look after it. */
export interface LoadedServable extends Servable {
  readonly queuedRequests: number;
  readonly oldestRunMs: number | undefined;
  /** Signatures that could not be warmed up, with why. */
  readonly cold: ReadonlyMap<string, Error>;
  /** Rows of a full batch of each signature, as measured. */
  readonly fullRows: ReadonlyMap<string, number>;
  /** Answers what it has, then frees the engine. */
  close(): Promise<void>;
}

/** Time for measuring batch sizes before a version answers, over all its signatures. */
const WARM_UP_BUDGET_MS = 250;

function describeRefusal({ name, blockers }: RefusedSignature): NonNullable<ServableSignature['refusal']> {
  const [first] = blockers;
  const more = blockers.length > 1 ? ` (and ${blockers.length - 1} more)` : '';
  const where = first === undefined || first.op === '' ? '' : ` (${first.op} "${first.node}")`;
  return {
    code: first?.code ?? 'TFD_OP_UNSUPPORTED',
    message: `signature "${name}" can not be run: ${first?.why ?? 'it was refused'}${where}${more}`,
    ...(first === undefined ? {} : { hint: first.wayOut }),
  };
}

/** A plan that fixed the batch at compile time can not take other sizes without being compiled again. */
function canBatch(plan: SignaturePlan, isBatching: boolean): boolean {
  return isBatching && plan.isBatchable && Object.values(plan.assumedShapes).every(([rows]) => rows === null);
}

function listSignatures(plan: Plan, isBatching: boolean): Map<string, ServableSignature> {
  const signatures = new Map<string, ServableSignature>();
  for (const each of plan.signatures) {
    const { name, methodName, inputs, outputs } = each;
    signatures.set(name, {
      name,
      methodName,
      inputs,
      outputs,
      isBatchable: canBatch(each, isBatching),
      isWriting: (each.state?.writes.length ?? 0) > 0,
      refusal: undefined,
    });
  }
  for (const each of plan.refused) {
    const { name, methodName } = each;
    const refusal = describeRefusal(each);
    signatures.set(name, { name, methodName, inputs: [], outputs: [], isBatchable: false, refusal });
  }
  return signatures;
}

/**
 * Rows are known not to mix for inputs of the declared rank and dimensions; others run alone, and so does a
 * request that leaves an input to its default, which has rows of its own.
 */
function isAsDeclared(signature: ServableSignature, inputs: TensorMap, isOfRankOnly = false): boolean {
  for (const { name, shape } of signature.inputs) {
    const given = inputs.get(name)?.shape;
    if (given === undefined || shape === null || given.length !== shape.length) return false;
    if (isOfRankOnly) continue;
    for (let axis = 1; axis < shape.length; axis++)
      if (typeof shape[axis] === 'number' && shape[axis] !== given[axis]) return false;
  }
  return true;
}

class PlanServable implements LoadedServable {
  readonly model: string;
  readonly version: bigint;
  readonly signatures: ReadonlyMap<string, ServableSignature>;
  readonly cold = new Map<string, Error>();
  readonly #signaturesPath: string;
  readonly fullRows = new Map<string, number>();
  #signatureDefs: Servable['signatureDefs'] | undefined;

  constructor(
    private readonly options: LoadOptions,
    private readonly plan: Plan,
    private readonly executor: PlanExecutor,
    private readonly scheduler: Scheduler,
  ) {
    this.model = options.model;
    this.version = options.version;
    this.signatures = listSignatures(plan, options.isBatching);
    this.#signaturesPath = signaturesPathOf(options.entryDir);
  }

  get signatureDefs(): Servable['signatureDefs'] {
    this.#signatureDefs ??= signaturesFromJson(readFileSync(this.#signaturesPath, 'utf8'));
    return this.#signatureDefs;
  }

  get queuedRequests(): number {
    return this.scheduler.queuedRequests;
  }

  get oldestRunMs(): number | undefined {
    return this.scheduler.oldestRunMs;
  }

  async predict(request: PredictRequest): Promise<PredictAnswer> {
    const signature = this.signatures.get(request.signature);
    if (signature === undefined)
      throw new TfdeployError(
        'TFD_SIGNATURE_NOT_FOUND',
        `Serving signature name: "${request.signature}" not found in signature def`,
        { hint: `the model has: ${[...this.signatures.keys()].join(', ')}` },
      );
    if (signature.refusal !== undefined) throw reviveError(signature.refusal);
    checkRequest(signature, request);
    const { maxRows, mixedShapes } = this.options.limits;
    const isMixed = mixedShapes !== 'apart';
    // Mixed shapes are looked at again, aligned, when a batch is made.
    if (!signature.isBatchable || !isAsDeclared(signature, request.inputs, isMixed))
      return this.scheduler.submit(request, undefined);
    const measured = isMixed ? undefined : this.fullRows.get(signature.name);
    return this.scheduler.submit(request, measured ?? maxRows);
  }

  announce(deadlineMs: number, readyMs: number): Announcement {
    return this.scheduler.announce(deadlineMs, readyMs);
  }

  /** Loads every signature; measures batch sizes while there is time for it, once where signatures are the same graph. */
  async prepare(): Promise<void> {
    const runnable = this.plan.signatures.flatMap(({ name, stages }) => {
      const signature = this.signatures.get(name);
      return signature === undefined ? [] : [{ signature, content: stages.map(({ file }) => file).join() }];
    });
    const contents = new Set(runnable.map(({ content }) => content));
    const measured = new Map<string, number>();
    for (const { signature, content } of runnable) {
      await this.executor.warm(signature.name);
      if (!this.options.isWarmingUp || signature.isWriting) continue;
      const known = measured.get(content);
      const { fullRows, failure } = await warmUp(this.scheduler, signature, {
        limits: this.options.limits,
        budgetMs: known === undefined ? WARM_UP_BUDGET_MS / contents.size : 0,
        isBackground: this.options.isBackground ?? false,
      });
      if (failure !== undefined) this.cold.set(signature.name, failure);
      else measured.set(content, known ?? fullRows);
      this.#setFullRows(signature, known ?? fullRows);
    }
  }

  /** Requests of the declared shapes are known already, from the measuring. */
  #setFullRows(signature: ServableSignature, rows: number): void {
    this.fullRows.set(signature.name, rows);
    const inputs = signature.isBatchable ? sampleInputs(signature.inputs, 1) : undefined;
    if (inputs !== undefined && this.options.limits.mixedShapes === 'apart')
      this.scheduler.setFullRows({ signature: signature.name, inputs }, rows);
  }

  async close(): Promise<void> {
    await this.scheduler.drain();
    await this.executor.close();
  }
}

/**
 * Loads a compiled version: reads the plan, starts the engine, warms it up. Rejects with the engine's error,
 * TFD_PLAN_CORRUPT, or TFD_OP_UNSUPPORTED when no signature of the model can run.
 */
export async function loadServable(options: LoadOptions): Promise<LoadedServable> {
  const planDir = planDirOf(options.entryDir);
  const plan = readPlan(planDir);
  const [refused] = plan.refused;
  if (plan.signatures.length === 0)
    throw refused === undefined
      ? new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `model ${options.model} has no signature to serve`)
      : reviveError({ ...describeRefusal(refused), details: { refused: plan.refused } });
  const executor = await options.createExecutor(planDir);
  try {
    const scheduler = createScheduler({
      executor,
      limits: options.limits,
      canJoin: (name, inputs) => {
        const signature = servable.signatures.get(name);
        return signature !== undefined && isAsDeclared(signature, inputs);
      },
      ...(options.onBatch === undefined ? {} : { onBatch: options.onBatch }),
      ...(options.onShed === undefined ? {} : { onShed: options.onShed }),
    });
    const servable: PlanServable = new PlanServable(options, plan, executor, scheduler);
    await servable.prepare();
    return servable;
  } catch (error) {
    await executor.close();
    throw error;
  }
}

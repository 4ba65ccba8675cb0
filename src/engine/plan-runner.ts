import { join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { Tensor, TensorMap } from '../base/tensor.js';
import type { HostStage, OnnxStage, Plan, PlanTensor, SignaturePlan, Stage } from '../convert/plan.js';
import type { HostValue } from '../kernels/types.js';
import { bindInputs, findSignature, labelOutput, selectOutputs } from './bind.js';
import type { Session } from './onnxruntime.js';

/** A loaded host stage: values by name in, values by name out. */
export type HostRunner = (
  inputs: ReadonlyMap<string, HostValue>,
) => ReadonlyMap<string, HostValue> | Promise<ReadonlyMap<string, HostValue>>;

export interface StageLoaders {
  onnx(path: string): Promise<Session>;
  host(planDir: string, stage: HostStage): HostRunner | Promise<HostRunner>;
}

/** A stage and what of it a request needs. */
interface Step {
  readonly stage: Stage;
  readonly fetches: readonly string[];
}

/** More combinations of wanted outputs than this are recomputed each time. */
const MAX_CACHED_ROUTES = 64;

/** The stages that the outputs depend on, in order, each with the values that are used later. */
export function routeStages(stages: readonly Stage[], refs: readonly string[]): Step[] {
  const needed = new Set(refs);
  const steps: Step[] = [];
  for (const stage of [...stages].reverse()) {
    const fetches = stage.outputs.filter((name) => needed.has(name));
    if (fetches.length === 0) continue;
    for (const name of stage.inputs) needed.add(name);
    steps.unshift({ stage, fetches });
  }
  return steps;
}

/** What a stage changes counts, whatever of it is fetched. */
function wholeStep(stage: Stage): Step {
  return { stage, fetches: stage.outputs };
}

/** Runs the stages of a compiled model, one after the other. Stages are loaded on first use. */
export class PlanRunner {
  readonly #plan: Plan;
  readonly #planDir: string;
  readonly #load: StageLoaders;
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #hosts = new Map<string, Promise<HostRunner>>();
  readonly #routes = new Map<string, Step[]>();

  constructor(plan: Plan, planDir: string, load: StageLoaders) {
    this.#plan = plan;
    this.#planDir = planDir;
    this.#load = load;
  }

  signature(name: string): SignaturePlan {
    return findSignature(this.#plan, name);
  }

  async run(signatureName: string, inputs: TensorMap, outputs?: readonly string[]): Promise<TensorMap> {
    const signature = this.signature(signatureName);
    const wanted = selectOutputs(signature, outputs);
    const values = new Map<string, HostValue>(bindInputs(signature, inputs));
    const fresh = new Set<HostValue>();
    for (const { stage, fetches } of this.#route(signature, wanted)) {
      const stageInputs = pick(values, stage);
      const results =
        stage.kind === 'onnx'
          ? await (await this.#session(stage)).run(asTensors(stageInputs, stage), fetches)
          : await (await this.#host(stage))(stageInputs);
      for (const name of fetches) {
        const value = results.get(name);
        if (value === undefined) continue;
        values.set(name, value);
        if (stage.kind === 'onnx') fresh.add(value);
      }
    }
    return new Map(
      wanted.map((output) => {
        const value = tensorOf(values, output.ref);
        const own = value === undefined || fresh.has(value) ? value : copyTensor(value);
        return [output.name, labelOutput(output, own)];
      }),
    );
  }

  /** Loads every stage of a signature. */
  async warm(signatureName: string): Promise<void> {
    for (const stage of this.signature(signatureName).stages) {
      await (stage.kind === 'onnx' ? this.#session(stage) : this.#host(stage));
    }
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    this.#hosts.clear();
    for (const each of sessions) if (each.status === 'fulfilled') await each.value.close();
  }

  #route(signature: SignaturePlan, wanted: readonly PlanTensor[]): Step[] {
    const key = JSON.stringify([signature.name, ...wanted.map(({ name }) => name)]);
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const refs = wanted.map(({ ref }) => ref);
    const writes = signature.state?.writes ?? [];
    const route =
      writes.length > 0 ? [...signature.stages].map(wholeStep) : routeStages(signature.stages, refs);
    if (this.#routes.size < MAX_CACHED_ROUTES) this.#routes.set(key, route);
    return route;
  }

  #session(stage: OnnxStage): Promise<Session> {
    return loadOnce(this.#sessions, stage.file, () => this.#load.onnx(join(this.#planDir, stage.file)));
  }

  #host(stage: HostStage): Promise<HostRunner> {
    return loadOnce(this.#hosts, stage.file, async () => this.#load.host(this.#planDir, stage));
  }
}

/** A failed load is forgotten, so that a later request tries again. */
function loadOnce<T>(loaded: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const loading = load();
  loaded.set(key, loading);
  loading.catch(() => loaded.delete(key));
  return loading;
}

function pick(values: ReadonlyMap<string, HostValue>, stage: Stage): Map<string, HostValue> {
  const picked = new Map<string, HostValue>();
  for (const name of stage.inputs) {
    const value = values.get(name);
    if (value === undefined) {
      throw new TfdeployError(
        'TFD_PLAN_CORRUPT',
        `${stage.file} needs ${name}, which no stage before it makes`,
      );
    }
    picked.set(name, value);
  }
  return picked;
}

function isTensor(value: HostValue): value is Tensor {
  return value.dtype !== 'resource' && value.dtype !== 'variant';
}

function asTensors(values: ReadonlyMap<string, HostValue>, stage: Stage): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of values) {
    if (!isTensor(value)) {
      throw new TfdeployError(
        'TFD_PLAN_CORRUPT',
        `${stage.file} is given ${name}, which is a ${value.dtype}`,
      );
    }
    tensors.set(name, value);
  }
  return tensors;
}

/** Outputs never share memory with an input, a default or a constant: their owner may hand them on. */
function copyTensor(tensor: Tensor): Tensor {
  return tensor.dtype === 'string'
    ? { ...tensor, data: tensor.data.map((bytes) => bytes.slice()) }
    : { ...tensor, data: tensor.data.slice() };
}

function tensorOf(values: ReadonlyMap<string, HostValue>, ref: string): Tensor | undefined {
  const value = values.get(ref);
  return value !== undefined && isTensor(value) ? value : undefined;
}

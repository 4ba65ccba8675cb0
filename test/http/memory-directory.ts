import type { DType } from '../../src/base/dtype.js';
import { TfdeployError } from '../../src/base/error.js';
import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import type {
  PredictRequest,
  Servable,
  ServableDirectory,
  ServableSignature,
  VersionChoice,
  VersionStatus,
} from '../../src/repository/types.js';

export type Run = (inputs: TensorMap, request: PredictRequest) => TensorMap | Promise<TensorMap>;

export interface MemorySignature {
  readonly inputs: Readonly<Record<string, DType>>;
  readonly outputs: Readonly<Record<string, DType>>;
  readonly run: Run;
}

function planTensors(tensors: Readonly<Record<string, DType>>) {
  return Object.entries(tensors).map(([name, dtype]) => ({ name, ref: name, dtype, shape: null }));
}

/** A servable whose signatures are functions. */
export function memoryServable(
  model: string,
  version: bigint,
  signatures: Readonly<Record<string, MemorySignature>>,
): Servable {
  const rows = new Map<string, ServableSignature>(
    Object.entries(signatures).map(([name, { inputs, outputs }]) => [
      name,
      {
        name,
        methodName: 'tensorflow/serving/predict',
        inputs: planTensors(inputs),
        outputs: planTensors(outputs),
        isBatchable: true,
        refusal: undefined,
      },
    ]),
  );
  const infos = (tensors: Readonly<Record<string, DType>>) =>
    new Map(
      Object.entries(tensors).map(([name, dtype]) => [name, { name: `${name}:0`, dtype, shape: null }]),
    );
  return {
    model,
    version,
    signatures: rows,
    signatureDefs: new Map(
      Object.entries(signatures).map(([name, { inputs, outputs }]) => [
        name,
        {
          name,
          methodName: 'tensorflow/serving/predict',
          inputs: infos(inputs),
          outputs: infos(outputs),
          defaults: new Map(),
        },
      ]),
    ),
    async predict(request) {
      const found = signatures[request.signature];
      if (found === undefined) throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', request.signature);
      const outputs = await found.run(request.inputs, request);
      return { outputs, queueMs: 0.1, computeMs: 0.2, batchRows: 1 };
    },
  };
}

/** The same tensors under other names. */
export function renamed(names: Readonly<Record<string, string>>): Run {
  return (inputs) => new Map(Object.entries(names).map(([from, to]) => [to, inputs.get(from)!]));
}

/** A signature that answers with its one input `x` as `y`. */
export function identity(dtype: DType, output = 'y'): MemorySignature {
  return { inputs: { x: dtype }, outputs: { [output]: dtype }, run: renamed({ x: output }) };
}

/** A signature without meaning for its input that answers with fixed tensors. */
export function constant(outputs: Readonly<Record<string, Tensor>>): MemorySignature {
  return {
    inputs: { x: 'float32' },
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.dtype])),
    run: () => new Map(Object.entries(outputs)),
  };
}

/** A directory of servables that are all AVAILABLE. */
export class MemoryDirectory implements ServableDirectory {
  isReady = true;
  isDraining = false;

  constructor(
    readonly servables: readonly Servable[],
    readonly labelTable: Readonly<Record<string, bigint>> = {},
  ) {}

  get models(): readonly string[] {
    return [...new Set(this.servables.map((servable) => servable.model))];
  }

  find(model: string, choice: VersionChoice): Servable {
    let { version } = choice;
    const mine = this.servables.filter((servable) => servable.model === model);
    if (choice.label !== undefined && mine.length > 0) {
      version = this.labelTable[choice.label];
      if (version === undefined) {
        throw new TfdeployError('TFD_INPUT_INVALID', `Unrecognized servable version label: ${choice.label}`);
      }
    }
    const found =
      version === undefined
        ? mine.reduce<Servable | undefined>(
            (best, one) => (best === undefined || one.version > best.version ? one : best),
            undefined,
          )
        : mine.find((servable) => servable.version === version);
    if (found !== undefined) return found;
    const what = version === undefined ? `Latest(${model})` : `Specific(${model}, ${version})`;
    throw new TfdeployError('TFD_NOT_FOUND', `Servable not found for request: ${what}`);
  }

  status(model: string, version?: bigint): VersionStatus[] {
    const mine = this.servables.filter((servable) => servable.model === model);
    const found = mine.filter((servable) => version === undefined || servable.version === version);
    if (mine.length === 0) {
      throw new TfdeployError('TFD_NOT_FOUND', `Could not find any versions of model ${model}`);
    }
    if (found.length === 0) {
      throw new TfdeployError('TFD_NOT_FOUND', `Could not find version ${version} of model ${model}`);
    }
    return found.map((servable) => ({
      version: servable.version,
      state: 'AVAILABLE',
      errorCode: 'OK',
      errorMessage: '',
    }));
  }

  labels(): ReadonlyMap<string, bigint> {
    return new Map(Object.entries(this.labelTable));
  }
}

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import type { EngineLocation } from './find.js';
import { fromOrt, type OrtTensor, type OrtTensorConstructor, toOrt } from './ort-tensor.js';
import type { Device } from './types.js';

interface OrtSession {
  run(
    feeds: Record<string, OrtTensor>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The part of the package's interface that is used, so that no build depends on an optional package. */
export interface OnnxRuntime {
  readonly Tensor: OrtTensorConstructor;
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<OrtSession> };
  readonly listSupportedBackends?: () => readonly { readonly name: string; readonly bundled: boolean }[];
}

export interface SessionOptions {
  readonly threads: number;
  readonly device: Device;
  /**
   * Weights in external files stay shared pages of the file instead of private, rearranged copies: less
   * memory per process and a faster start, slower matrix products on batches.
   */
  readonly isWeightSharing?: boolean;
  /**
   * Denormal numbers count as zero, as in TensorFlow's own threads; without it they cost up to 100 times the
   * compute time. It changes the floating point mode of the calling thread for good, and the runtime
   * does it for the first session of a process only.
   */
  readonly isFlushingDenormals?: boolean;
}

/** Loads the package. TFD_ENGINE_FAILED when its native part does not fit this system. */
export function loadOnnxRuntime(location: EngineLocation): OnnxRuntime {
  try {
    return createRequire(join(location.packageDir, 'package.json'))(location.packageDir) as OnnxRuntime;
  } catch (cause) {
    throw new TfdeployError(
      'TFD_ENGINE_FAILED',
      `${location.packageDir} can not be loaded: ${(cause as Error).message}`,
      {
        hint: 'the engine needs glibc 2.28 or later (Alpine and other musl systems have none)',
        cause,
      },
    );
  }
}

/**
 * Spinning is off: idle compute threads would take the cores that the event loops need. Memory patterns
 * are off: they are kept per input shape, without limit, and bring nothing measurable. Warnings are not
 * logged to stderr; errors are thrown with their text.
 */
function ortOptions(options: SessionOptions): object {
  return {
    executionProviders: [options.device],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        ...(options.isWeightSharing === true ? { disable_prepacking: '1' } : {}),
        ...(options.isFlushingDenormals === true ? { set_denormal_as_zero: '1' } : {}),
      },
    },
  };
}

/** Words of the runtime about a request that does not fit the model, rather than a fault of the engine. */
const INPUT_FAULTS: readonly RegExp[] = [
  /Invalid rank for input/,
  /Got invalid dimensions for input/,
  /Unexpected input data type/,
  /dimension mismatch/i,
  /incompatible dimensions/i,
  /axis .* (must|has to) /i,
  /cannot be reshaped to the requested shape/i,
  /indices element out of data bounds/i,
  /broadcast/i,
];

function failRun(file: string, cause: unknown): TfdeployError {
  const text = (cause as Error).message.trim();
  const isInputFault = INPUT_FAULTS.some((pattern) => pattern.test(text));
  return new TfdeployError(isInputFault ? 'TFD_INPUT_INVALID' : 'TFD_ENGINE_FAILED', text, {
    ...(isInputFault ? { hint: 'check the shapes of the inputs against the signature' } : {}),
    details: { stage: file },
    cause,
  });
}

/** A loaded ONNX file. */
export interface Session {
  /** TFD_INPUT_INVALID or TFD_ENGINE_FAILED with the runtime's own text, which names the node. */
  run(inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<Map<string, Tensor>>;
  close(): Promise<void>;
}

/** Opens an ONNX file, by its path so that external weights are mapped instead of read, or its bytes. */
export async function openSession(
  ort: OnnxRuntime,
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const path = typeof model === 'string' ? model : 'a model in memory';
  let session: OrtSession;
  try {
    session = await ort.InferenceSession.create(model, ortOptions(options));
  } catch (cause) {
    throw new TfdeployError('TFD_ENGINE_FAILED', `${path}: ${(cause as Error).message.trim()}`, { cause });
  }
  return {
    async run(inputs, outputs) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, tensor] of inputs) feeds[name] = toOrt(ort.Tensor, name, tensor);
      let results: Readonly<Record<string, OrtTensor>>;
      try {
        results = await session.run(feeds, outputs);
      } catch (cause) {
        throw failRun(path, cause);
      }
      return new Map(outputs.map((name) => [name, fromOrt(name, results[name])]));
    },
    close: () => session.release(),
  };
}

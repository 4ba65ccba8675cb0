import * as ort from 'onnxruntime-node';
import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import type { CompiledSignature } from '../../src/convert/compiled.js';
import { bindProgram } from '../../src/convert/host-stage.js';
import { encodeModel } from '../../src/convert/onnx/model.js';
import { fromOrt, type OrtTensor, type OrtTensorConstructor, toOrt } from '../../src/engine/ort-tensor.js';
import type { HostValue } from '../../src/kernels/types.js';

/** A compiled signature as a function, without files. */
export interface LoadedSignature {
  run(inputs: TensorMap): Promise<TensorMap>;
  close(): Promise<void>;
}

const OPTIONS = { logSeverityLevel: 4, intraOpNumThreads: 1, interOpNumThreads: 1 } as const;

export async function loadCompiled(compiled: CompiledSignature): Promise<LoadedSignature> {
  const steps = await Promise.all(
    compiled.stages.map(async (stage) => {
      if (stage.kind === 'host') {
        return { ...stage, host: bindProgram(stage.program, stage.outputs), session: undefined };
      }
      const session = await ort.InferenceSession.create(encodeModel(stage.body), OPTIONS);
      return { ...stage, host: undefined, session };
    }),
  );
  return {
    async run(inputs) {
      const values = new Map<string, HostValue>();
      for (const { name, ref, default: fallback } of compiled.inputs) {
        const value = inputs.get(name) ?? fallback;
        if (value !== undefined) values.set(ref, value);
      }
      for (const step of steps) {
        const picked = new Map(step.inputs.map((name) => [name, values.get(name) as HostValue]));
        if (step.host !== undefined) {
          for (const [name, value] of step.host(picked)) values.set(name, value);
          continue;
        }
        const feeds: Record<string, OrtTensor> = {};
        for (const [name, value] of picked) {
          feeds[name] = toOrt(ort.Tensor as unknown as OrtTensorConstructor, name, value as Tensor);
        }
        const results = await step.session.run(feeds as unknown as ort.InferenceSession.OnnxValueMapType, [
          ...step.outputs,
        ]);
        for (const name of step.outputs)
          values.set(name, fromOrt(name, results[name] as unknown as OrtTensor));
      }
      return new Map(compiled.outputs.map(({ name, ref }) => [name, values.get(ref) as Tensor]));
    },
    async close() {
      for (const step of steps) await step.session?.release();
    },
  };
}

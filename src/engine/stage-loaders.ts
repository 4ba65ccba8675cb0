import { ModelState } from '../convert/model-state.js';
import type { EngineLocation } from './find.js';
import { loadOnnxRuntime, openSession, type SessionOptions } from './onnxruntime.js';
import type { StageLoaders } from './plan-runner.js';

/** Loaders over the engine at `location`, which is loaded when the first ONNX stage is. */
export function createStageLoaders(location: EngineLocation, options: SessionOptions): StageLoaders {
  // Plans for other shapes of the same model share what its signatures change.
  const state = new ModelState();
  let ort: ReturnType<typeof loadOnnxRuntime> | undefined;
  return {
    async onnx(path) {
      ort ??= loadOnnxRuntime(location);
      return openSession(ort, path, options);
    },
    // Most models have no host stage, and the kernels are most of the code.
    host: async (planDir, stage) =>
      (await import('../convert/host-stage.js')).loadHostStage(planDir, stage, state),
  };
}

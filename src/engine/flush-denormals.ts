import { encodeModel } from '../convert/onnx/model.js';
import type { EngineLocation } from './find.js';
import { loadOnnxRuntime, openSession } from './onnxruntime.js';

/** y = x: a model to have a session at all. */
const IDENTITY = encodeModel({
  name: 'identity',
  nodes: [{ op: 'Identity', domain: '', name: 'y', inputs: ['x'], outputs: ['y'], attrs: new Map() }],
  initializers: new Map(),
  inputs: [{ name: 'x', dtype: 'float32', shape: [] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [] }],
});

/**
 * Denormal numbers count as zero in TensorFlow's threads, and cost a hundred times the compute time where they
 * do not. The runtime sets that for the thread that opens the first session of a process, and for no
 * other: call this in that thread before any session is opened.
 */
export async function flushDenormals(engine: EngineLocation): Promise<void> {
  const options = { threads: 1, device: 'cpu', isFlushingDenormals: true } as const;
  const session = await openSession(loadOnnxRuntime(engine), IDENTITY, options);
  await session.close();
}

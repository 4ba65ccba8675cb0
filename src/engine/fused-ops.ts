import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WIRE, WireReader } from '../savedmodel/wire/reader.js';
import type { EngineLocation } from './find.js';
import { loadOnnxRuntime } from './onnxruntime.js';

/** Field numbers of ModelProto.graph, GraphProto.node and NodeProto.op_type in onnx.proto. */
const GRAPH = 7;
const NODE = 1;
const OP_TYPE = 4;

/** How often each operator stands in the graph that ONNX Runtime makes of a file when it optimizes it fully. */
export async function countFusedOps(
  engine: EngineLocation,
  path: string,
): Promise<ReadonlyMap<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-optimized-'));
  try {
    const optimized = join(dir, 'optimized.onnx');
    const session = await loadOnnxRuntime(engine).InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      optimizedModelFilePath: optimized,
      logSeverityLevel: 4,
    });
    await session.release();
    return countOps(readFileSync(optimized));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Operators of an ONNX file by name, those inside of control flow left out. */
export function countOps(model: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>();
  for (const graph of fields(model, GRAPH)) {
    for (const node of fields(graph, NODE)) {
      for (const bytes of fields(node, OP_TYPE)) {
        const op = new TextDecoder().decode(bytes);
        counts.set(op, (counts.get(op) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** The length-delimited fields of one number in a message. */
function fields(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new WireReader(message, { what: 'an ONNX file' });
  const found: Uint8Array[] = [];
  while (reader.pos < reader.end) {
    const tag = reader.varint32();
    const [number, type] = [tag >>> 3, tag & 7];
    if (number === wanted && type === WIRE.bytes) found.push(reader.lengthDelimited());
    else reader.skip(type, number, 0);
  }
  return found;
}

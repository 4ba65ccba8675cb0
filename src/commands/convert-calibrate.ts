import { join } from 'node:path';
import { toDoubles } from '../base/compare.js';
import type { DType } from '../base/dtype.js';
import { exposeTensors, innerOutput } from '../convert/check/expose.js';
import type { CompiledModel, CompiledSignature } from '../convert/compiled.js';
import { writePlan } from '../convert/plan-files.js';
import { listCalibrated } from '../convert/quantize/apply.js';
import { type Range, widenRange } from '../convert/quantize/ranges.js';
import type { EngineLocation } from '../engine/find.js';
import { createInlineRunner } from '../engine/inline.js';
import type { Samples } from './convert-samples.js';

/** Tensors that are handed out at a time; they are as large as the layers of the model. */
const AT_ONCE = 32;

/** The ranges of a folded model's tensors over the samples of each signature. `scratch` is an empty folder. */
export async function calibrate(
  folded: CompiledModel,
  samples: Samples,
  scratch: string,
  engine: EngineLocation,
): Promise<Map<string, Map<string, Range>>> {
  const ranges = new Map<string, Map<string, Range>>();
  for (const signature of folded.signatures) {
    const refs = listCalibrated(signature);
    const own = new Map<string, Range>();
    ranges.set(signature.name, own);
    if (!samples.has(signature.name)) continue;
    for (let at = 0; at < refs.length; at += AT_ONCE) {
      const some = refs.slice(at, at + AT_ONCE);
      await observe(folded, signature, some, own, { samples, dir: join(scratch, 'calibrate'), engine });
    }
  }
  return ranges;
}

async function observe(
  folded: CompiledModel,
  signature: CompiledSignature,
  refs: readonly string[],
  ranges: Map<string, Range>,
  { samples, dir, engine }: { samples: Samples; dir: string; engine: EngineLocation },
): Promise<void> {
  const types = new Map(refs.map((ref): [string, DType] => [ref, 'float32']));
  const exposed = exposeTensors(signature, types);
  writePlan({ ...folded, signatures: [exposed], refused: [] }, dir);
  const runner = await createInlineRunner(dir, { engine });
  try {
    const wanted = exposed.outputs.slice(signature.outputs.length).map(({ name }) => name);
    for (const inputs of samples.get(signature.name) ?? []) {
      const found = await runner.run(signature.name, inputs, wanted);
      for (const ref of refs) {
        const border = signature.inputs.find((input) => input.ref === ref);
        const tensor = border === undefined ? found.get(innerOutput(ref)) : inputs.get(border.name);
        if (tensor === undefined || tensor.dtype === 'string') continue;
        ranges.set(ref, widenRange(ranges.get(ref), toDoubles(tensor)));
      }
    }
  } finally {
    await runner.close();
  }
}

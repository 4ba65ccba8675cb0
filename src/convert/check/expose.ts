import type { DType } from '../../base/dtype.js';
import type { CompiledSignature, CompiledStage } from '../compiled.js';
import type { PlanTensor } from '../plan.js';

/** Prefix of the outputs that `exposeTensors` adds. */
const INNER = 'inner tensor ';

/** The name under which an inner tensor comes out of a signature changed by `exposeTensors`. */
export const innerOutput = (ref: string): string => `${INNER}${ref}`;

/** Tensors that the stages of a signature make, by stage in order. Those in bodies of control flow are not among them. */
export function listInner(signature: CompiledSignature): string[] {
  return signature.stages.flatMap((stage) =>
    stage.kind === 'onnx'
      ? stage.body.nodes.flatMap(({ outputs }) => outputs.filter((ref) => ref !== ''))
      : stage.program.nodes.flatMap(({ outputs }) => outputs),
  );
}

/** The signature with some of its inner tensors, given with their types, as further outputs. */
export function exposeTensors(
  signature: CompiledSignature,
  refs: ReadonlyMap<string, DType>,
): CompiledSignature {
  const stages = signature.stages.map((stage) => exposeIn(stage, refs));
  const made = new Set(stages.flatMap((stage) => stage.outputs));
  const outputs = [...refs]
    .filter(([ref]) => made.has(ref))
    .map(([ref, dtype]): PlanTensor => ({ name: innerOutput(ref), ref, dtype, shape: null }));
  return { ...signature, stages, outputs: [...signature.outputs, ...outputs] };
}

function exposeIn(stage: CompiledStage, refs: ReadonlyMap<string, DType>): CompiledStage {
  const nodes = stage.kind === 'onnx' ? stage.body.nodes : stage.program.nodes;
  const made = nodes.flatMap(({ outputs }) => outputs.filter((ref) => refs.has(ref)));
  const outputs = [...new Set([...stage.outputs, ...made])];
  if (stage.kind === 'host') return { ...stage, outputs };
  const { body } = stage;
  const known = new Set(body.outputs.map(({ name }) => name));
  const added = outputs
    .filter((name) => !known.has(name))
    .map((name) => ({ name, dtype: refs.get(name) as DType, shape: null }));
  return { ...stage, outputs, body: { ...body, outputs: [...body.outputs, ...added] } };
}

import { writeFileSync } from 'node:fs';
import { formatCase, tensorToJson } from '../base/case-format.js';
import { TfdeployError } from '../base/error.js';
import { readMachine } from '../base/machine.js';
import { nodeFiles } from '../base/node-files.js';
import { formatShape } from '../base/shape.js';
import type { TensorMap } from '../base/tensor.js';
import { createInlineRunner } from '../engine/inline.js';
import { resolveEngine } from '../engine/resolve.js';
import type { RunResult } from '../engine/types.js';
import { sampleExamples } from '../savedmodel/example-features.js';
import { openSavedModel, selectMetaGraph } from '../savedmodel/open.js';
import { requireSignature } from '../savedmodel/signatures.js';
import type { CommandContext, CommandHandler } from './define.js';
import { type OpenedPlan, openPlan } from './open-plan.js';
import { chooseSignature, parseRunInput, type RunInput, readInputFile } from './run-input.js';
import { sampleInputs } from './sample-input.js';
import { previewTensor } from './tensor-preview.js';

interface Options {
  readonly input?: string;
  readonly signature?: string;
  readonly output?: string;
  readonly tags?: readonly string[];
  readonly threads?: number;
  readonly install: boolean;
}

/** `tfdeploy run`: compiles (or takes the compiled model from the cache), runs once, prints or writes. */
export const runModel: CommandHandler = async ([model], given, context) => {
  const options = given as unknown as Options;
  if (options.output === '-' && context.isJson) {
    throw new TfdeployError('TFD_USAGE', '--output - and --json both write to stdout');
  }
  const opened = openPlan(model ?? '.', options.tags ?? ['serve'], () => context.note(`compiling ${model}…`));
  try {
    const request = readRequest(opened, options, context);
    const writes = request.signature.state?.writes ?? [];
    if (writes.length > 0)
      context.note(`${request.signature.name} changes ${writes.join(', ')}, which ends with this run`);
    const engine = await resolveEngine({ canInstall: options.install, signal: context.signal });
    const threads = options.threads ?? readMachine().usableCores;
    const { compileVariant } = opened;
    const runner = await createInlineRunner(opened.planDir, { engine, threads, compileVariant });
    try {
      await runner.warm(request.signature.name);
      const result = await runner.runTimed(request.signature.name, request.inputs);
      report(request, result, { name: `${engine.name} ${engine.version}`, threads }, options, context);
      return 0;
    } finally {
      await runner.close();
    }
  } finally {
    opened.close();
  }
};

function readRequest(opened: OpenedPlan, options: Options, context: CommandContext): RunInput {
  const { input, signature } = options;
  if (input !== undefined) return parseRunInput(readInputFile(input), input, opened.plan, signature);
  const chosen = chooseSignature(opened.plan, signature);
  context.note('no --input given: running a generated sample');
  return { signature: chosen, inputs: sampleInputs(chosen, sampleTexts(opened, chosen.name, options.tags)) };
}

/** Serialized samples of inputs that take tf.Examples. */
function sampleTexts(
  { modelDir }: OpenedPlan,
  signature: string,
  tags?: readonly string[],
): Map<string, Uint8Array> {
  if (modelDir === undefined) return new Map();
  const metaGraph = selectMetaGraph(openSavedModel(nodeFiles, modelDir), tags);
  return sampleExamples(metaGraph, requireSignature(metaGraph, signature));
}

function report(
  { signature, inputs }: RunInput,
  { outputs, timing }: RunResult,
  engine: { readonly name: string; readonly threads: number },
  { output }: Options,
  context: CommandContext,
): void {
  const { print, style } = context;
  if (output !== undefined) writeOutput(output, signature.name, inputs, outputs);
  if (output === '-') return;
  context.json({
    signature: signature.name,
    engine: engine.name,
    threads: engine.threads,
    computeMs: timing.computeMs,
    outputs: Object.fromEntries([...outputs].map(([name, tensor]) => [name, tensorToJson(tensor)])),
  });
  const time = `${timing.computeMs.toFixed(timing.computeMs < 10 ? 2 : 0)} ms`;
  const threads = `${engine.threads} thread${engine.threads === 1 ? '' : 's'}`;
  print(`${style.bold(signature.name)}  ${style.dim(`${engine.name}, ${threads}, ${time}`)}`);
  for (const [name, tensor] of outputs) {
    print(`\n${style.cyan(name)}  ${style.dim(`${tensor.dtype} ${formatShape(tensor.shape)}`)}`);
    print(previewTensor(tensor));
  }
  if (output !== undefined) print(`\nwritten to ${output}`);
}

function writeOutput(path: string, signature: string, inputs: TensorMap, outputs: TensorMap): void {
  try {
    writeFileSync(path === '-' ? 1 : path, formatCase(path, signature, inputs, outputs));
  } catch (cause) {
    throw new TfdeployError('TFD_WRITE_REFUSED', `${path}: ${(cause as Error).message}`, { cause });
  }
}

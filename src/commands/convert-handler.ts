import { resolve } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { nodeFiles } from '../base/node-files.js';
import { compileModel } from '../convert/compile.js';
import type { CompiledModel } from '../convert/compiled.js';
import type { Plan } from '../convert/plan.js';
import { writePlan } from '../convert/plan-files.js';
import { buildGraph } from '../graph/build.js';
import { checkModelPath, findModelVersions } from '../repository/layout.js';
import { openSavedModel, selectMetaGraph } from '../savedmodel/open.js';
import type { SavedModel } from '../savedmodel/types.js';
import { type CheckRow, checkModel, formatCheck } from './convert-check.js';
import {
  changePrecision,
  type PrecisionOptions,
  type PrecisionResult,
  wantsPrecision,
} from './convert-precision.js';
import { conversionToJson, formatConversion } from './convert-report.js';
import type { CommandContext, CommandHandler } from './define.js';

interface Options extends PrecisionOptions {
  readonly check?: boolean;
  readonly output?: string;
  readonly signature?: readonly string[];
  readonly tags?: readonly string[];
  readonly partial?: boolean;
}

/** What a conversion did. `plan` is absent when nothing was written. */
export interface Conversion {
  readonly model: string;
  readonly dir: string;
  readonly compiled: CompiledModel;
  readonly plan: Plan | undefined;
  readonly compileMs: number;
  readonly writeMs: number;
  /** What was found out about a model of less than float32 precision. */
  readonly precision: Omit<PrecisionResult, 'compiled'> | undefined;
  readonly checks: readonly CheckRow[];
}

/** Compiles and writes; a refused signature is exit status 65, and without `--partial` nothing is written. */
export const runConvert: CommandHandler = async ([model = '.'], given, context) => {
  const options = given as unknown as Options;
  if (options.output === undefined) {
    throw new TfdeployError('TFD_USAGE', 'convert needs the directory to write to', {
      hint: 'add -o ./plan',
    });
  }
  const changes = wantsPrecision(options);
  if (changes && options.check === true) {
    throw new TfdeployError(
      'TFD_USAGE',
      '--check compares with exact answers, which a quantized model has not',
      {
        hint: 'check the model without quantization; with it, the error is printed',
      },
    );
  }
  const conversion = await convertModel(model, options.output, options, context, changes);
  for (const line of formatConversion(conversion, context.style)) context.print(line);
  for (const row of conversion.checks) for (const line of formatCheck(row, context)) context.print(line);
  context.json(conversionToJson(conversion));
  const isWrong = conversion.checks.some((row) => !row.matches && row.against !== 'nothing');
  return conversion.compiled.refused.length > 0 || isWrong ? 65 : 0;
};

async function convertModel(
  path: string,
  output: string,
  options: Options,
  context: CommandContext,
  changes: boolean,
): Promise<Conversion> {
  const base = resolve(path);
  checkModelPath(base);
  const model = openSavedModel(nodeFiles, findModelVersions(base)[0]?.dir ?? base);
  const startMs = performance.now();
  const float = compileModel(model, {
    ...(options.tags === undefined ? {} : { tags: options.tags }),
    ...(options.signature === undefined || options.signature.length === 0
      ? {}
      : { signatures: options.signature }),
    onSignature: (name, index, count) => context.note(`compiling ${name} (${index + 1} of ${count})`),
  });
  const compiledMs = performance.now();
  const dir = resolve(output);
  const precision =
    changes && float.signatures.length > 0 ? await changePrecision(float, dir, options, context) : undefined;
  const compiled = precision?.compiled ?? float;
  const isWritten =
    compiled.signatures.length > 0 && (compiled.refused.length === 0 || options.partial === true);
  const checks = options.check === true ? await check(model, compiled, dir, options, context) : [];
  const writeStartMs = performance.now();
  if (isWritten) context.note(`writing ${output}`);
  const plan = isWritten ? writePlan(compiled, dir, { files: model.files }) : undefined;
  return {
    model: path,
    dir: output,
    compiled,
    plan,
    compileMs: compiledMs - startMs,
    writeMs: performance.now() - writeStartMs,
    precision,
    checks,
  };
}

function check(
  model: SavedModel,
  compiled: CompiledModel,
  output: string,
  options: Options,
  context: CommandContext,
): Promise<CheckRow[]> {
  const metaGraph = selectMetaGraph(model, options.tags);
  return checkModel(
    {
      compiled,
      buildGraph: (signature) => buildGraph(model, metaGraph, signature),
      cases: options.input ?? [],
      output,
    },
    context,
  );
}

import { resolve } from 'node:path';
import { TfdeployError } from '../base/error.js';
import { nodeFiles } from '../base/node-files.js';
import { compileModel } from '../convert/compile.js';
import type { CompiledModel } from '../convert/compiled.js';
import type { Plan } from '../convert/plan.js';
import { writePlan } from '../convert/plan-files.js';
import { checkModelPath, findModelVersions } from '../repository/layout.js';
import { openSavedModel } from '../savedmodel/open.js';
import { conversionToJson, formatConversion } from './convert-report.js';
import type { CommandContext, CommandHandler } from './define.js';

interface Options {
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
}

/** Compiles and writes; a refused signature is exit status 65, and without `--partial` nothing is written. */
export const runConvert: CommandHandler = async ([model = '.'], given, context) => {
  const options = given as unknown as Options;
  if (options.output === undefined) {
    throw new TfdeployError('TFD_USAGE', 'convert needs the directory to write to', {
      hint: 'add -o ./plan',
    });
  }
  const conversion = convertModel(model, options.output, options, context);
  for (const line of formatConversion(conversion, context.style)) context.print(line);
  context.json(conversionToJson(conversion));
  return conversion.compiled.refused.length > 0 ? 65 : 0;
};

function convertModel(path: string, output: string, options: Options, context: CommandContext): Conversion {
  const base = resolve(path);
  checkModelPath(base);
  const model = openSavedModel(nodeFiles, findModelVersions(base)[0]?.dir ?? base);
  const startMs = performance.now();
  const compiled = compileModel(model, {
    ...(options.tags === undefined ? {} : { tags: options.tags }),
    ...(options.signature === undefined || options.signature.length === 0
      ? {}
      : { signatures: options.signature }),
    onSignature: (name, index, count) => context.note(`compiling ${name} (${index + 1} of ${count})`),
  });
  const compiledMs = performance.now();
  const isWritten =
    compiled.signatures.length > 0 && (compiled.refused.length === 0 || options.partial === true);
  const dir = resolve(output);
  if (isWritten) context.note(`writing ${output}`);
  const plan = isWritten ? writePlan(compiled, dir, { files: model.files }) : undefined;
  return {
    model: path,
    dir: output,
    compiled,
    plan,
    compileMs: compiledMs - startMs,
    writeMs: performance.now() - compiledMs,
  };
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/entry.js';
import { TfdeployError } from '../base/error.js';
import { type BenchPlan, runBench } from '../bench/bench.js';
import { type BenchFlags, type BenchSettings, DEFAULT_URL, isUrl, readSettings } from '../bench/options.js';
import { readPayloads } from '../bench/payload/input-file.js';
import { makePayloads, type Payloads } from '../bench/payload/make.js';
import { createProgress, SILENT_PROGRESS } from '../bench/report/progress.js';
import { formatReport } from '../bench/report/text.js';
import { type ServedModel, serveModel } from '../bench/serve-child.js';
import { fetchSignature, resolveTarget, type Target } from '../bench/target.js';
import type { CommandContext, CommandHandler } from './define.js';

interface Options extends BenchFlags {
  readonly seed: number;
  readonly input?: string;
  readonly signature?: string;
  readonly model?: string;
  readonly batch: number;
  readonly distinct: number;
  readonly workers?: string;
  readonly threads?: string;
}

/** Runs `tfdeploy bench`; the exit status is the report's. */
export const runBenchCommand: CommandHandler = async ([target], given, context) => {
  const options = given as unknown as Options;
  const settings = readSettings(options);
  checkTogether(target, options, settings);
  if (target === undefined || isUrl(target)) {
    return await benchUrl(target ?? DEFAULT_URL, undefined, options, settings, context);
  }
  const served = await serve(target, options, settings, context);
  try {
    return await benchUrl(served.url, served, options, settings, context);
  } finally {
    await served.stop();
  }
};

/** A flag that would have no effect is an error: who gives it expects one. */
function checkTogether(target: string | undefined, options: Options, { shapes }: BenchSettings): void {
  const { input, batch, workers, threads } = options;
  if (input !== undefined && (shapes.size > 0 || batch !== 1)) {
    throw new TfdeployError(
      'TFD_USAGE',
      '--shape and --batch shape generated requests; --input brings its own',
    );
  }
  if ((target === undefined || isUrl(target)) && (workers !== undefined || threads !== undefined)) {
    throw new TfdeployError(
      'TFD_USAGE',
      '--workers and --threads are for a server that bench starts itself',
      {
        hint: 'give the path of a model instead of a URL',
      },
    );
  }
}

async function serve(
  model: string,
  { workers, threads }: Options,
  { startTimeoutMs }: BenchSettings,
  { signal, note, isJson }: CommandContext,
): Promise<ServedModel> {
  const path = model.replace(/^[^=/\\]+=/, '');
  if (!existsSync(path)) {
    throw new TfdeployError('TFD_MODEL_NOT_FOUND', `${path}: there is no such model`, {
      hint: /^[\w.-]+:\d+/.test(model)
        ? `for a server, write http://${model}`
        : 'give a URL or the path of a SavedModel',
    });
  }
  const args = [
    ...(workers === undefined ? [] : ['--workers', workers]),
    ...(threads === undefined ? [] : ['--threads', threads]),
  ];
  if (!isJson) note(`starting tfdeploy serve ${model}…`);
  return await serveModel(model, { args, signal, startTimeoutMs });
}

async function benchUrl(
  url: string,
  served: ServedModel | undefined,
  options: Options,
  settings: BenchSettings,
  context: CommandContext,
): Promise<number> {
  const { signal } = context;
  const target = await resolveTarget(url, { model: options.model, signal });
  const { payloads, signature } = await preparePayloads(target, options, settings, signal);
  const isWatched = context.isTty && !context.isJson && process.stderr.isTTY === true;
  const plan: BenchPlan = {
    ...settings,
    version: readVersion(),
    target,
    signature,
    serverReadyMs: served?.readyMs ?? null,
    isLocal: served !== undefined || isLoopback(target.address.host),
    payloads,
    seed: options.seed,
    progress: isWatched ? createProgress((text) => process.stderr.write(text)) : SILENT_PROGRESS,
    signal,
  };
  const report = await runBench(plan);
  for (const line of formatReport(report, context.style)) context.print(line);
  context.json(report);
  return report.exitStatus;
}

async function preparePayloads(
  target: Target,
  { input, signature, seed, batch, distinct }: Options,
  { shapes }: BenchSettings,
  signal: AbortSignal,
): Promise<{ payloads: Payloads; signature: string | null }> {
  if (input !== undefined) return { payloads: readPayloads(input, signature), signature: signature ?? null };
  const spec = await fetchSignature(target, signature, signal);
  return { payloads: makePayloads(spec, { seed, rows: batch, distinct, shapes }), signature: spec.name };
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { signaturesPathOf } from '../repository/plan-cache.js';
import { signaturesFromJson } from '../repository/signature-json.js';
import type { VersionSnapshot } from '../repository/snapshot.js';
import type { SignatureDef } from '../savedmodel/types.js';
import { formatUrl } from '../supervisor/listener.js';
import type { ReadyStatus } from '../supervisor/types.js';
import type { CommandContext } from './define.js';
import { makeSampleRequest } from './sample-request.js';

export interface ReadyFacts extends ReadyStatus {
  readonly startedMs: number;
  readonly threads: number;
  /** File with a sample request. */
  readonly requestFile: string | undefined;
}

interface ServedModel {
  readonly name: string;
  readonly versions: readonly VersionSnapshot[];
}

function listServed({ snapshot }: ReadyStatus): ServedModel[] {
  return snapshot.models
    .map(({ name, versions }) => ({ name, versions: versions.filter(({ state }) => state === 'AVAILABLE') }))
    .filter(({ versions }) => versions.length > 0);
}

/** The readiness line for machines. */
export function readyJson(facts: ReadyFacts): Record<string, unknown> {
  return {
    event: 'ready',
    rest: formatUrl(facts.address),
    grpc: facts.grpcAddress ?? null,
    workers: facts.workers,
    threads: facts.threads,
    startMs: Math.round(facts.startedMs),
    models: listServed(facts).map(({ name, versions }) => ({
      name,
      versions: versions.map(({ version }) => Number(version)),
    })),
    ...(facts.failures.length === 0
      ? {}
      : {
          failed: facts.failures.map(({ model, version, failure }) => ({
            model,
            version: Number(version),
            code: failure.code,
            error: failure.message,
          })),
        }),
  };
}

function readSignatures({ entryDir }: VersionSnapshot): Map<string, SignatureDef> {
  try {
    return signaturesFromJson(readFileSync(signaturesPathOf(entryDir), 'utf8'));
  } catch {
    return new Map();
  }
}

/** A curl line to paste: with the file given, or with a sample made from the first signature. */
function makeCurl(facts: ReadyFacts, url: string): string | undefined {
  const [model] = listServed(facts);
  const version = model?.versions[0];
  if (model === undefined || version === undefined) return undefined;
  const path = `/v1/models/${model.name}:predict`;
  if (facts.requestFile !== undefined) {
    const file = relative('', facts.requestFile) || facts.requestFile;
    return `curl -d @${/^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`} ${url}${path}`;
  }
  const signatures = readSignatures(version);
  const usable = [...signatures.values()].filter(({ name }) => !name.startsWith('__saved_model_'));
  const signature = signatures.get('serving_default') ?? usable[0];
  if (signature === undefined) return undefined;
  return makeSampleRequest(model.name, signature, new Map())?.curl.replace(/http:\/\/127\.0\.0\.1:8501/, url);
}

/** What a person reads once everything is up: the first line says where the server listens. */
export function printReady(
  facts: ReadyFacts,
  { print, style }: Pick<CommandContext, 'print' | 'style'>,
): void {
  const url = formatUrl(facts.address);
  const models = listServed(facts)
    .map(({ name, versions }) => `${name} (version ${versions.map(({ version }) => version).join(', ')})`)
    .join(', ');
  const processes = `${facts.workers} worker${facts.workers === 1 ? '' : 's'} x ${facts.threads} thread${facts.threads === 1 ? '' : 's'}`;
  print(`${style.green('ready')} ${style.bold(url)} serves ${models || 'no model yet'} with ${processes}`);
  for (const { model, version, failure } of facts.failures)
    print(`${style.red('failed')} ${model} version ${version}: ${failure.message}`);
  const curl = makeCurl(facts, url);
  if (curl !== undefined) print(`try it:\n  ${curl}`);
}

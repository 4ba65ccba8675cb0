import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { packageRoot } from '../base/entry.js';
import { TfdeployError } from '../base/error.js';
import { readMachine } from '../base/machine.js';
import { nodeFiles } from '../base/node-files.js';
import { sampleExamples } from '../savedmodel/example-features.js';
import { findVersions, isSavedModelDir } from '../savedmodel/locate.js';
import { openSavedModel, selectMetaGraph } from '../savedmodel/open.js';
import { servableSignatures } from '../savedmodel/signatures.js';
import type { SignatureDef, TensorInfo } from '../savedmodel/types.js';
import type { Facts, ModelFacts, SoftwareFacts, TensorFact } from './facts.js';

const PROBE_TIMEOUT_MS = 5_000;

function probe(program: string, args: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: PROBE_TIMEOUT_MS });
  return pattern.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1];
}

function gatherSoftware(): SoftwareFacts {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  const systemd = probe('systemd-analyze', ['--version'], /^systemd (\d+)/m);
  return {
    nodePath: process.execPath,
    nodeVersion: process.version,
    tfdeployVersion: (JSON.parse(text) as { version: string }).version,
    nginxVersion: probe('nginx', ['-v'], /nginx\/([\d.]+)/),
    systemdVersion: systemd === undefined ? undefined : Number(systemd),
  };
}

function toTensorFacts(infos: ReadonlyMap<string, TensorInfo>): TensorFact[] {
  return [...infos].flatMap(([name, info]): TensorFact[] => {
    if (info.components) {
      const parts = new Map([...info.components].map(([part, inner]) => [`${name}:${part}`, inner]));
      return toTensorFacts(parts);
    }
    if (info.dtype === 'invalid') return [];
    const shape = info.shape?.map((dim) => (typeof dim === 'number' ? dim : null));
    return [{ name, dtype: info.dtype, shape }];
  });
}

function withSamples(facts: readonly TensorFact[], samples: ReadonlyMap<string, Uint8Array>): TensorFact[] {
  return facts.map((fact) => {
    const sample = samples.get(fact.name);
    return sample === undefined ? fact : { ...fact, sampleB64: Buffer.from(sample).toString('base64') };
  });
}

function directoryBytes(dir: string): number {
  return nodeFiles.list(dir).reduce((sum, name) => {
    const path = `${dir}/${name}`;
    return sum + (nodeFiles.isDirectory(path) ? directoryBytes(path) : nodeFiles.size(path));
  }, 0);
}

function chooseSignature(
  signatures: readonly SignatureDef[],
  wanted: string | undefined,
  path: string,
): SignatureDef {
  const found =
    wanted === undefined
      ? (signatures.find(({ name }) => name === 'serving_default') ?? signatures[0])
      : signatures.find(({ name }) => name === wanted);
  if (found) return found;
  const names = signatures.map(({ name }) => name).join(', ');
  throw new TfdeployError(
    'TFD_SIGNATURE_NOT_FOUND',
    `${path}: there is no signature ${wanted ? `"${wanted}"` : 'at all'}`,
    {
      hint: names ? `it has: ${names}` : 'export the model with a signature',
    },
  );
}

/** `./models/Résumé v2/3` → `Resume-v2`: what file names, unit names and URLs can all carry. */
export function toModelName(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && !/^\d+$/.test(part));
  const name = basename(parts.at(-1) ?? 'model')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-');
  return name.replace(/^[-.]+|[-.]+$/g, '') || 'model';
}

export function gatherModel(path: string, signature?: string): ModelFacts {
  const base = resolve(path);
  const dir = isSavedModelDir(nodeFiles, base) ? base : (findVersions(nodeFiles, base)[0]?.dir ?? base);
  const metaGraph = selectMetaGraph(openSavedModel(nodeFiles, dir));
  const chosen = chooseSignature(servableSignatures(metaGraph), signature, base);
  return {
    path: base,
    name: toModelName(base),
    signature: chosen.name,
    inputs: withSamples(toTensorFacts(chosen.inputs), sampleExamples(metaGraph, chosen)),
    outputs: toTensorFacts(chosen.outputs),
    sizeBytes: directoryBytes(dir),
  };
}

/** The facts of this machine, its software and a model. */
export function gatherFacts(modelPath: string, signature?: string): Facts {
  const machine = readMachine();
  return {
    machine: { cores: machine.usableCores, memoryBytes: machine.usableMemoryBytes },
    software: gatherSoftware(),
    model: gatherModel(modelPath, signature),
  };
}

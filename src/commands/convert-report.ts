import type { CompiledSignature, CompiledStage } from '../convert/compiled.js';
import type { Blocker, RefusedSignature } from '../convert/plan.js';
import type { Conversion } from './convert-handler.js';
import type { Style } from './define.js';

const SHOWN_BLOCKERS = 10;

function sumBytes({ plan }: Conversion): number {
  return Object.values(plan?.files ?? {}).reduce((sum, size) => sum + size, 0);
}

function countOps({ ops }: CompiledSignature): number {
  return [...ops.values()].reduce((sum, count) => sum + count, 0);
}

function countNodes(stage: CompiledStage): number {
  return stage.kind === 'onnx' ? stage.body.nodes.length : stage.program.nodes.length;
}

/** The result for machines. */
export function conversionToJson(conversion: Conversion): unknown {
  const { compiled, plan } = conversion;
  return {
    model: conversion.model,
    dir: plan === undefined ? null : conversion.dir,
    source: compiled.source,
    compiler: plan?.compiler ?? null,
    compileMs: Math.round(conversion.compileMs),
    writeMs: Math.round(conversion.writeMs),
    bytes: sumBytes(conversion),
    files: plan?.files ?? {},
    signatures: compiled.signatures.map((signature) => ({
      name: signature.name,
      ops: Object.fromEntries([...signature.ops].sort(([a], [b]) => (a < b ? -1 : 1))),
      stages: signature.stages.map((stage) => ({ kind: stage.kind, nodes: countNodes(stage) })),
      isBatchable: signature.isBatchable,
      assumedShapes: signature.assumedShapes,
      warnings: signature.warnings,
    })),
    refused: compiled.refused,
    precision: compiled.precision ?? [],
    measurements: conversion.precision?.measurements ?? [],
    checks: conversion.checks,
  };
}

function describeBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  const [unit, size] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(bytes / (size as number)).toFixed(1)} ${unit}`;
}

/** A hard link takes no room of its own as long as the model is there. */
function describeSize(conversion: Conversion): string {
  const { files = {}, linked = {} } = conversion.plan ?? {};
  const shared = Object.keys(linked).reduce((sum, name) => sum + (files[name] ?? 0), 0);
  const all = describeBytes(sumBytes(conversion));
  return shared === 0 ? all : `${all}, ${describeBytes(shared)} of it shared with the model by hard links`;
}

function describeMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** The result for people, line by line. */
export function formatConversion(conversion: Conversion, style: Style): string[] {
  const { compiled, plan, compileMs, writeMs, dir } = conversion;
  const lines = [
    ...compiled.signatures.flatMap((signature) => formatSignature(signature, style)),
    ...compiled.refused.flatMap((refused) => formatRefused(refused, style)),
    ...(conversion.precision?.lines ?? []).map((line) => `  ${line}`),
    '',
  ];
  const times = `compiled in ${describeMs(compileMs)}, written in ${describeMs(writeMs)}`;
  if (plan !== undefined) return [...lines, `${style.bold(dir)}: ${describeSize(conversion)}, ${times}`];
  const why = compiled.signatures.length > 0 ? '; --partial writes the others' : '';
  return [...lines, style.red(`nothing was written: ${compiled.refused.length} refused${why}`)];
}

function formatSignature(signature: CompiledSignature, style: Style): string[] {
  const stages = signature.stages.map((stage) => `${stage.kind} (${countNodes(stage)} nodes)`).join(' → ');
  const batch = signature.isBatchable ? 'requests can be batched' : 'requests run one by one';
  return [
    `${style.green('✓')} ${style.bold(signature.name)}  ${countOps(signature)} operations`,
    `    ${stages || 'outputs are inputs'}; ${batch}`,
    ...signature.warnings.map((warning) => `    ${style.yellow('note')} ${warning}`),
  ];
}

/** Blockers of the same kind are one line with their number. */
function formatRefused({ name, blockers }: RefusedSignature, style: Style): string[] {
  const groups = new Map<string, Blocker[]>();
  for (const blocker of blockers) {
    const key = `${blocker.code} ${blocker.op} ${blocker.why}`;
    groups.set(key, [...(groups.get(key) ?? []), blocker]);
  }
  const lines = [`${style.red('✗')} ${style.bold(name)}  refused`];
  for (const [first, ...more] of [...groups.values()].slice(0, SHOWN_BLOCKERS)) {
    if (first === undefined) continue;
    const count = more.length === 0 ? '' : ` (and ${more.length} more)`;
    const place = [first.layer === '' ? first.node : first.layer, first.dtype, first.shape]
      .filter(Boolean)
      .join(' ');
    lines.push(`    ${style.red(first.code)} ${first.op === '' ? '' : `${first.op}: `}${first.why}`);
    if (place !== '') lines.push(`      ${style.dim(`${place}${count}`)}`);
  }
  if (groups.size > SHOWN_BLOCKERS) lines.push(`    … ${groups.size - SHOWN_BLOCKERS} more kinds`);
  const ways = new Set(blockers.map((blocker) => blocker.wayOut));
  for (const way of [...ways].slice(0, 3)) lines.push(`    ${style.cyan('way out')} ${way}`);
  return lines;
}

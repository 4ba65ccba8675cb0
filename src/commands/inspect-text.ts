import { formatShape } from '../base/shape.js';
import type { Blocker } from '../convert/plan.js';
import type { ExampleFeature } from '../savedmodel/example-features.js';
import type { MetaGraphSummary, ModelSummary, SignatureSummary } from '../savedmodel/summary.js';
import type { SignatureDef, TensorInfo } from '../savedmodel/types.js';
import type { Style } from './define.js';
import { valueToJson } from './inspect-json.js';
import type { Inspection, SignatureCoverage } from './inspection.js';
import { makeSampleRequest } from './sample-request.js';

const SHOWN_OPS = 12;
const SHOWN_BLOCKERS = 8;
const SHOWN_NAMES = 6;
const SHOWN_FEATURES = 8;
const LABEL_WIDTH = 11;

/** The report for people, line by line. */
export function formatInspection(inspection: Inspection, style: Style): string[] {
  const { summary, name, version, versions, coverage } = inspection;
  const lines = [style.bold(summary.dir)];
  if (version !== undefined) {
    const others = versions.length === 1 ? 'the only version there is' : `highest of ${versions.join(', ')}`;
    lines.push(row('version', `${version} (${others})`));
  }
  lines.push(...formatSize(summary));
  summary.metaGraphs.forEach((metaGraph, i) => {
    lines.push(...formatMetaGraph(metaGraph, summary, style));
    for (const signature of metaGraph.signatures) {
      lines.push('', ...formatSignature(name, signature, coverage[i]?.get(signature.definition.name), style));
    }
  });
  return lines;
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${text}`;
}

function formatSize({ size, format, keras }: ModelSummary): string[] {
  const { totalBytes, graphBytes, variablesBytes, assetsBytes } = size;
  const parts = [`graph ${formatBytes(graphBytes)}`];
  if (variablesBytes > 0) parts.push(`variables ${formatBytes(variablesBytes)}`);
  if (assetsBytes > 0) parts.push(`assets ${formatBytes(assetsBytes)}`);
  const lines = [row('size', `${formatBytes(totalBytes)} (${parts.join(', ')})`)];
  if (format === 'pbtxt') lines.push(row('format', 'text (saved_model.pbtxt)'));
  if (keras !== undefined) {
    const count = keras.layers.length;
    lines.push(row('keras', `${keras.className} "${keras.name}"${count > 0 ? `, ${count} layers` : ''}`));
  }
  return lines;
}

function formatMetaGraph(metaGraph: MetaGraphSummary, { metaGraphs }: ModelSummary, style: Style): string[] {
  const tags = metaGraph.tags.length === 0 ? 'none' : metaGraph.tags.join(', ');
  const lines = metaGraphs.length > 1 ? ['', style.bold(`MetaGraph [${tags}]`)] : [];
  const version = metaGraph.tensorflowVersion || `unknown (graph version ${metaGraph.producer})`;
  lines.push(row('TensorFlow', version));
  if (metaGraphs.length === 1) lines.push(row('tags', tags));
  lines.push(row('graph', `${plural(metaGraph.nodes, 'node')}, ${plural(metaGraph.functions, 'function')}`));
  lines.push(row('variables', formatVariables(metaGraph)));
  if (metaGraph.variables.tables.length > 0) {
    lines.push(row('tables', `${listNames(metaGraph.variables.tables)} (contents in the checkpoint)`));
  }
  for (const { filename, bytes } of metaGraph.assets) {
    lines.push(
      row('asset', `${filename}, ${bytes === undefined ? style.red('missing') : formatBytes(bytes)}`),
    );
  }
  lines.push(row('ops', formatOps(metaGraph.ops)));
  for (const [name, why] of metaGraph.uncallable)
    lines.push(row('function', `${name}: not callable, ${why}`));
  if (metaGraph.signatures.length === 0) {
    lines.push(row('signatures', style.yellow('none, and no callable function: nothing to serve')));
  }
  return lines;
}

function formatVariables({ variables, signatures }: MetaGraphSummary): string {
  const { count, elements, bytes, dtypes, unbound } = variables;
  if (count === 0) return 'none';
  const types = [...dtypes.keys()].join(', ');
  const head = `${count}, ${plural(elements, 'parameter')}, ${formatBytes(bytes)}${types === '' ? '' : ` of ${types}`}`;
  // Some never are: paths of assets, and the file name that TensorFlow 1 restores from.
  const used = new Set(signatures.flatMap((signature) => signature.variables));
  const missing = unbound.filter((name) => used.has(name));
  return missing.length === 0 ? head : `${head}; not in the checkpoint: ${listNames(missing)}`;
}

function formatOps(ops: ReadonlyMap<string, number>): string {
  const rows = [...ops].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = rows.slice(0, SHOWN_OPS).map(([op, count]) => (count === 1 ? op : `${op} ×${count}`));
  const rest = rows.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? `, and ${rest} more kinds` : ''}`;
}

function formatSignature(
  model: string,
  { definition, ops, variables, examples }: SignatureSummary,
  coverage: SignatureCoverage | undefined,
  style: Style,
): string[] {
  const { name, methodName, isSynthetic } = definition;
  const method = isSynthetic === true ? 'made from a callable function' : methodName;
  const lines = [`${style.bold(`signature ${name}`)}${method === '' ? '' : style.dim(`  ${method}`)}`];
  lines.push(...formatInfos('inputs', definition.inputs, definition));
  lines.push(...formatInfos('outputs', definition.outputs, definition));
  lines.push(
    row('uses', `${plural(sum(ops), 'node')}, ${plural(variables.length, 'variable')}: ${formatOps(ops)}`),
  );
  if (coverage !== undefined) lines.push(...formatCoverage(coverage, style));
  for (const [input, features] of examples) lines.push(...formatFeatures(input, features));
  const sample = makeSampleRequest(model, definition, examples);
  lines.push(row('request', sample?.curl ?? 'sparse inputs can not be sent as JSON'));
  return lines;
}

function formatInfos(
  label: string,
  infos: ReadonlyMap<string, TensorInfo>,
  { defaults }: SignatureDef,
): string[] {
  if (infos.size === 0) return [row(label, 'none')];
  const rows = [...infos].map(([name, info]) => {
    const fallback = label === 'inputs' ? defaults.get(name) : undefined;
    const note =
      fallback === undefined
        ? ''
        : `default ${JSON.stringify((valueToJson(fallback) as { values?: unknown }).values ?? '…', printBigint)}`;
    const kind = info.compositeType === undefined ? '' : `${info.compositeType} `;
    return [name, `${kind}${info.dtype}`, formatShape(info.shape), note];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells, i) =>
    row(
      i === 0 ? label : '',
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  );
}

function formatFeatures(input: string, features: readonly ExampleFeature[]): string[] {
  const shown = features.slice(0, SHOWN_FEATURES).map(({ name, dtype, shape, isRequired }) => {
    const length = shape === null ? '' : ` ${formatShape(shape)}`;
    return `${name} ${dtype}${length}${isRequired ? '' : ' (optional)'}`;
  });
  const rest = features.length - shown.length;
  const list = `${shown.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
  return [row('tf.Example', `"${input}" is a serialized one with ${list}`)];
}

function printBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

function formatCoverage(
  { stages, blockers, warnings, isBatchable }: SignatureCoverage,
  style: Style,
): string[] {
  if (blockers.length > 0) {
    if (blockers.every(({ op }) => op === '')) {
      return blockers.map(({ why }) => row('engine', `${style.red('✗ onnxruntime')}: ${why}`));
    }
    const groups = groupBlockers(blockers);
    const shown = groups.slice(0, SHOWN_BLOCKERS).map((text) => row('', text));
    const rest = groups.length - shown.length;
    return [
      row('engine', `${style.red('✗ onnxruntime')}: ${plural(blockers.length, 'node')} in the way`),
      ...shown,
      ...(rest > 0 ? [row('', `and ${rest} more operations`)] : []),
      row('way out', blockers[0]!.wayOut),
    ];
  }
  const onnx = stages.filter((stage) => stage === 'onnx').length;
  const host = stages.length - onnx;
  const how = stages.length === 0 ? 'nothing to compute' : host === 0 ? 'all of it' : stages.join(' → ');
  const batch = isBatchable ? 'requests can be batched' : 'requests run one by one';
  return [
    row('engine', `${style.green('✓ onnxruntime')}: ${how}; ${batch}`),
    ...warnings.map((warning) => row('', style.yellow(warning))),
  ];
}

/** One line per operation and reason, with the first node that has it. */
function groupBlockers(blockers: readonly Blocker[]): string[] {
  const groups = new Map<string, Blocker[]>();
  for (const blocker of blockers) {
    const key = `${blocker.op} ${blocker.why}`;
    groups.set(key, [...(groups.get(key) ?? []), blocker]);
  }
  return [...groups.values()].map((group) => {
    const [{ op, node, why }] = group as [Blocker];
    const count = group.length === 1 ? '' : ` ×${group.length}`;
    return `${op}${count}: ${why} (${group.length === 1 ? 'node' : 'first'} "${node}")`;
  });
}

function listNames(names: readonly string[]): string {
  const rest = names.length - SHOWN_NAMES;
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function plural(count: number, noun: string): string {
  // toLocaleString would load the tables of all languages.
  const grouped = String(count).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${grouped} ${noun}${count === 1 ? '' : 's'}`;
}

/** Decimal units, as file managers and `df -H` print them. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const exponent = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** exponent;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['B', 'kB', 'MB', 'GB', 'TB'][exponent]}`;
}

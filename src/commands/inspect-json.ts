import { formatShape, type Shape } from '../base/shape.js';
import type { MetaGraphSummary, SignatureSummary } from '../savedmodel/summary.js';
import type { SignatureDef, TensorInfo, TensorValue } from '../savedmodel/types.js';
import type { Inspection, SignatureCoverage } from './inspection.js';
import { makeSampleRequest } from './sample-request.js';

const MAX_DEFAULT_ELEMENTS = 64;

/** The document that `inspect --json` prints. Unknown dimensions are −1, an unknown rank is null. */
export function inspectionToJson({ name, summary, coverage, version, versions }: Inspection) {
  return {
    model: summary.dir,
    name,
    ...(version === undefined ? {} : { version, versions }),
    format: summary.format,
    size: summary.size,
    metaGraphs: summary.metaGraphs.map((each, i) => metaGraphToJson(name, each, coverage[i] ?? new Map())),
    keras: summary.keras ?? null,
  };
}

function metaGraphToJson(
  model: string,
  metaGraph: MetaGraphSummary,
  coverage: ReadonlyMap<string, SignatureCoverage>,
) {
  const { variables } = metaGraph;
  return {
    tags: metaGraph.tags,
    tensorflowVersion: metaGraph.tensorflowVersion,
    producer: metaGraph.producer,
    nodes: metaGraph.nodes,
    functions: metaGraph.functions,
    initNode: metaGraph.initNode ?? null,
    signatures: metaGraph.signatures.map((each) =>
      signatureToJson(model, each, coverage.get(each.definition.name)),
    ),
    uncallable: [...metaGraph.uncallable].map(([name, why]) => ({ name, why })),
    variables: { ...variables, dtypes: sortedEntries(variables.dtypes) },
    assets: metaGraph.assets.map(({ filename, bytes }) => ({ filename, bytes: bytes ?? null })),
    ops: sortedEntries(metaGraph.ops),
  };
}

function signatureToJson(
  model: string,
  { definition, ops, variables, examples }: SignatureSummary,
  coverage: SignatureCoverage | undefined,
) {
  const { name, methodName, inputs, outputs, defaults, isSynthetic } = definition;
  return {
    name,
    methodName,
    isSynthetic: isSynthetic ?? false,
    inputs: infosToJson(inputs, defaults),
    outputs: infosToJson(outputs, new Map()),
    variables: variables.length,
    ops: sortedEntries(ops),
    engines: coverage === undefined ? null : coverageToJson(coverage),
    exampleFeatures: Object.fromEntries(
      [...examples].map(([input, features]) => [
        input,
        features.map((feature) => ({ ...feature, shape: shapeToJson(feature.shape) })),
      ]),
    ),
    sampleRequest: sampleToJson(model, definition, examples),
  };
}

function coverageToJson({ stages, isBatchable, warnings, blockers }: SignatureCoverage) {
  const isCovered = blockers.length === 0;
  return { onnxruntime: { runs: isCovered, stages, isBatchable, warnings, blockers } };
}

function sampleToJson(model: string, signature: SignatureDef, examples: SignatureSummary['examples']) {
  const sample = makeSampleRequest(model, signature, examples);
  if (sample === undefined) return null;
  const { path, body, curl } = sample;
  return { method: 'POST', path, body: body ?? null, curl };
}

function infosToJson(infos: ReadonlyMap<string, TensorInfo>, defaults: ReadonlyMap<string, TensorValue>) {
  return [...infos].map(([name, info]) => {
    const fallback = defaults.get(name);
    return {
      name,
      ...infoToJson(info),
      ...(fallback === undefined ? {} : { default: valueToJson(fallback) }),
    };
  });
}

function shapeToJson(shape: Shape): readonly number[] | null {
  return shape?.map((dim) => (typeof dim === 'number' ? dim : -1)) ?? null;
}

interface InfoJson {
  readonly tensor: string | null;
  readonly dtype: string;
  readonly shape: readonly number[] | null;
  readonly type?: string;
  readonly components?: Readonly<Record<string, InfoJson>>;
}

function infoToJson(info: TensorInfo): InfoJson {
  const shape = shapeToJson(info.shape);
  const head = { tensor: info.name === '' ? null : info.name, dtype: info.dtype, shape };
  if (info.components === undefined) return head;
  const components = [...info.components].map(([part, each]) => [part, infoToJson(each)] as const);
  return { ...head, type: info.compositeType ?? '', components: Object.fromEntries(components) };
}

/** A default as nested text is for the eye: its elements flat, or its shape alone when there are many. */
export function valueToJson(value: TensorValue): unknown {
  const { dtype, shape } = value;
  const count = shape.reduce((product, size) => product * size, 1);
  if (count > MAX_DEFAULT_ELEMENTS) return { dtype, shape, text: `${dtype} ${formatShape(shape)}` };
  const { data } = value.read();
  const values = Array.from<unknown>(data as ArrayLike<unknown>);
  const isText = dtype === 'string';
  return {
    dtype,
    shape,
    values: isText ? values.map((each) => new TextDecoder().decode(each as Uint8Array)) : values,
  };
}

/** By falling number, then by name. */
function sortedEntries(counts: ReadonlyMap<string, number>): Record<string, number> {
  const rows = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries(rows);
}

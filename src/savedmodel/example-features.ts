import { type DType, dtypeFromTf } from '../base/dtype.js';
import type { Shape } from '../base/shape.js';
import { elementCount } from '../base/tensor.js';
import { GraphWalk, type Output } from './graph-walk.js';
import { EXAMPLE_SCHEMA } from './proto/example.js';
import type { AttrValue, MetaGraph, SignatureDef } from './types.js';
import { encodeMessage } from './wire/encode.js';
import type { Encodable } from './wire/schema.js';

/** A feature that the model looks for in a tf.Example. */
export interface ExampleFeature {
  readonly name: string;
  readonly dtype: DType;
  /** Of one example; null for a feature of any length (sparse, ragged). */
  readonly shape: Shape;
  /** Whether an example without it is refused. */
  readonly isRequired: boolean;
}

const decoder = new TextDecoder();
const SAMPLE_TEXT = new TextEncoder().encode('text');
const MAX_SAMPLED = 65_536;

type FeatureIn = Encodable<typeof EXAMPLE_SCHEMA.tables, 'Feature'>;

/**
 * The features of those inputs of a signature that are parsed as serialized tf.Examples, by name of the
 * input. Inputs that are something else are absent.
 */
export function findExampleFeatures(
  metaGraph: MetaGraph,
  signature: SignatureDef,
): Map<string, readonly ExampleFeature[]> {
  const found = new Map<string, readonly ExampleFeature[]>();
  const strings = [...signature.inputs].filter(([, info]) => info.dtype === 'string' && info.name !== '');
  if (strings.length === 0) return found;
  const walk = new GraphWalk(metaGraph.graph);
  const parsers = [...signature.outputs.values()]
    .flatMap((info) => walk.reach(info.name.replace(/:\d+$/, '')))
    .filter(({ node }) => node.op in READERS);
  for (const [name, info] of strings) {
    const source = walk.resolve({ scope: walk.main, ref: info.name });
    for (const parser of parsers) {
      const serialized = resolveInput(walk, parser, 0);
      if (source === undefined || serialized?.node !== source.node) continue;
      found.set(name, READERS[parser.node.op]!(walk, parser));
    }
  }
  return found;
}

type FeatureReader = (walk: GraphWalk, parser: Output) => ExampleFeature[];

const READERS: Readonly<Record<string, FeatureReader>> = {
  ParseExample(walk, parser) {
    const [sparse, dense] = [countOf(parser, 'Nsparse'), countOf(parser, 'Ndense')];
    const key = (position: number) => constStrings(resolveInput(walk, parser, position))[0] ?? '';
    return describe(walk, parser, {
      sparse: range(sparse).map((i) => key(2 + i)),
      dense: range(dense).map((i) => key(2 + sparse + i)),
      defaultsAt: 2 + sparse + dense,
    });
  },
  ParseExampleV2(walk, parser) {
    const keys = (position: number) => constStrings(resolveInput(walk, parser, position));
    return describe(walk, parser, { sparse: keys(2), dense: keys(3), ragged: keys(4), defaultsAt: 5 });
  },
  ParseSingleExample(walk, parser) {
    const keys = (attr: string) => listOf(parser, attr, 's').map((bytes) => decoder.decode(bytes));
    return describe(walk, parser, { sparse: keys('sparse_keys'), dense: keys('dense_keys'), defaultsAt: 1 });
  },
};

interface FeatureKeys {
  readonly sparse: readonly string[];
  readonly dense: readonly string[];
  readonly ragged?: readonly string[];
  /** Position of the first default among the inputs. */
  readonly defaultsAt: number;
}

function describe(walk: GraphWalk, parser: Output, keys: FeatureKeys): ExampleFeature[] {
  const where = `node "${parser.node.name}" (${parser.node.op})`;
  const anyLength = (names: readonly string[], types: readonly number[]): ExampleFeature[] =>
    names.map((name, i) => ({
      name,
      dtype: dtypeFromTf(types[i] ?? 0, where),
      shape: null,
      isRequired: false,
    }));
  const types = listOf(parser, 'Tdense', 'type');
  const shapes = listOf(parser, 'dense_shapes', 'shape');
  const dense = keys.dense.map((name, i): ExampleFeature => {
    const value = constValue(resolveInput(walk, parser, keys.defaultsAt + i));
    const isRequired = value !== undefined && elementCount(value.shape) === 0;
    return { name, dtype: dtypeFromTf(types[i] ?? 0, where), shape: shapes[i] ?? null, isRequired };
  });
  return [
    ...dense,
    ...anyLength(keys.sparse, listOf(parser, 'sparse_types', 'type')),
    ...anyLength(keys.ragged ?? [], listOf(parser, 'ragged_value_types', 'type')),
  ];
}

/** A serialized tf.Example that has every feature: 0.5, 1 or "text", one element where any number will do. */
export function sampleExample(features: readonly ExampleFeature[]): Uint8Array {
  const feature = new Map<string, FeatureIn>();
  for (const { name, dtype, shape } of features) {
    const sizes = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
    const values = <V>(value: V): V[] => new Array<V>(Math.min(elementCount(sizes), MAX_SAMPLED)).fill(value);
    if (dtype === 'string') feature.set(name, { bytes_list: { value: values(SAMPLE_TEXT) } });
    else if (dtype === 'float32') feature.set(name, { float_list: { value: values(0.5) } });
    else feature.set(name, { int64_list: { value: values(1n) } });
  }
  return encodeMessage(EXAMPLE_SCHEMA, 'Example', { features: { feature } });
}

/** A serialized sample for each input of the signature that is parsed as tf.Examples. */
export function sampleExamples(metaGraph: MetaGraph, signature: SignatureDef): Map<string, Uint8Array> {
  const features = [...findExampleFeatures(metaGraph, signature)];
  return new Map(features.map(([name, rows]) => [name, sampleExample(rows)]));
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function resolveInput(walk: GraphWalk, { scope, node }: Output, index: number): Output | undefined {
  const ref = node.inputs[index];
  return ref === undefined || ref.startsWith('^') ? undefined : walk.resolve({ scope, ref });
}

function constValue(output: Output | undefined) {
  const value = output?.node.op === 'Const' ? output.node.attrs.get('value') : undefined;
  return value?.kind === 'tensor' ? value.value : undefined;
}

function constStrings(output: Output | undefined): string[] {
  const tensor = constValue(output)?.read();
  return tensor?.dtype === 'string' ? tensor.data.map((bytes) => decoder.decode(bytes)) : [];
}

/** A count that the node's inputs bear out. */
function countOf({ node }: Output, attr: string): number {
  const value = node.attrs.get(attr);
  const count = value?.kind === 'i' ? Number(value.value) : 0;
  return Math.max(0, Math.min(count, node.inputs.length));
}

type ItemOf<K extends AttrValue['kind']> = Extract<AttrValue, { kind: K }>['value'];

function listOf<K extends AttrValue['kind']>({ node }: Output, attr: string, kind: K): ItemOf<K>[] {
  const value = node.attrs.get(attr);
  const items = value?.kind === 'list' ? value.value : [];
  return items.flatMap((item) => (item.kind === kind ? [item.value as ItemOf<K>] : []));
}

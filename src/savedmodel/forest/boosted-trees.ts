import { TfdeployError } from '../../base/error.js';
import { defineSchema } from '../wire/compile.js';
import { decodeMessage } from '../wire/decode.js';
import type { Decoded } from '../wire/schema.js';
import type { FeatureColumn } from './columns.js';
import { TreeWriter } from './tree-writer.js';
import type { Forest } from './types.js';

/** TensorFlow's own boosted trees, as their estimators save them. */
export const BOOSTED_TREES_SCHEMA = defineSchema({
  TreeEnsemble: { trees: [1, 'Tree[]'], tree_weights: [2, 'float[]'] },
  Tree: { nodes: [1, 'Node[]'] },
  Node: {
    leaf: [1, 'Leaf', 'node'],
    bucketized_split: [2, 'Split', 'node'],
    categorical_split: [3, 'Split', 'node'],
    dense_split: [4, 'Split', 'node'],
  },
  Leaf: { vector: [1, 'Vector'], sparse_vector: [2, 'Vector'], scalar: [3, 'float'] },
  Vector: { value: [1, 'float[]'] },
  /** `threshold` of a bucketized split is the `value` of a categorical one. */
  Split: {
    feature_id: [1, 'int32'],
    threshold: [2, 'int32'],
    left_id: [3, 'int32'],
    right_id: [4, 'int32'],
    dimension_id: [5, 'int32'],
  },
});

type Node = Decoded<(typeof BOOSTED_TREES_SCHEMA)['tables'], 'Node'>;

/** Features are given twice, as numbers and as categories: from here on a column means the category. */
const CATEGORIES_FROM = 1 << 20;

/** More than any model has; a larger one is corrupt. */
const MAX_FEATURES = 1 << 16;

/**
 * The trees of a serialized ensemble, for BoostedTreesPredict. A bucket up to the threshold goes left; a
 * category goes left when it is the one of the split.
 */
export function readBoostedTrees(bytes: Uint8Array, what: string): Forest {
  const { trees, tree_weights: weights } = decodeMessage(BOOSTED_TREES_SCHEMA, 'TreeEnsemble', bytes, {
    what,
  });
  if (weights.length !== trees.length)
    throw unread(what, `has ${weights.length} weights for ${trees.length} trees`);
  const nodes = trees.flatMap((tree) => tree.nodes);
  const features = nodes.reduce((most, node) => Math.max(most, (splitOf(node)?.feature_id ?? -1) + 1), 0);
  if (features > MAX_FEATURES) throw unread(what, `splits by feature ${features - 1}`);
  const logits = nodes.find((node) => node.leaf !== undefined)?.leaf?.vector?.value.length ?? 1;
  const writer = new TreeWriter(columnsOf(features), what);
  trees.forEach(({ nodes }, tree) => {
    for (const node of inPreOrder(nodes, what)) {
      if (node.leaf === undefined) writeSplit(writer, node, what);
      else writer.addLeaf(leafOf(node.leaf, weights[tree]!, logits, what));
    }
  });
  return {
    outputs: logits,
    link: 'identity',
    initial: new Float32Array(logits),
    scale: 1,
    ...writer.finish(),
  };
}

function columnsOf(features: number): ReadonlyMap<number, FeatureColumn> {
  const boundaries = new Float32Array();
  const ANY = 0x7fffffff;
  const columns = new Map<number, FeatureColumn>();
  for (let slot = 0; slot < features; slot++) {
    columns.set(slot, { name: `feature ${slot}`, group: 'number', slot, known: 0, boundaries });
    columns.set(slot + CATEGORIES_FROM, {
      name: `feature ${slot}`,
      group: 'category',
      slot,
      known: ANY,
      boundaries,
    });
  }
  return columns;
}

/** Each node before its children, the child that a failed test leads to first. */
function* inPreOrder(nodes: readonly Node[], what: string): Generator<Node> {
  const stack = [0];
  for (let count = 0; stack.length > 0; count++) {
    const node = nodes[stack.pop()!];
    if (node === undefined || count === nodes.length) throw unread(what, 'has a tree that is no tree');
    yield node;
    const { bucketized_split: bucketized, categorical_split: categorical } = node;
    if (bucketized !== undefined) stack.push(bucketized.right_id, bucketized.left_id);
    else if (categorical !== undefined) stack.push(categorical.left_id, categorical.right_id);
  }
}

const splitOf = (node: Node) => node.bucketized_split ?? node.categorical_split;

function writeSplit(writer: TreeWriter, node: Node, what: string): void {
  const split = splitOf(node);
  if (split === undefined) throw unread(what, 'has a kind of split that is not known here');
  if (split.dimension_id !== 0) throw unread(what, `splits by dimension ${split.dimension_id} of a feature`);
  if (node.bucketized_split !== undefined) {
    writer.addSplit(split.feature_id, { higher_condition: { threshold: split.threshold + 1 } }, false);
  } else {
    const contains = { elements: Int32Array.of(split.threshold) };
    writer.addSplit(split.feature_id + CATEGORIES_FROM, { contains_condition: contains }, false);
  }
}

function leafOf(
  leaf: NonNullable<Node['leaf']>,
  weight: number,
  logits: number,
  what: string,
): [number, number][] {
  if (leaf.sparse_vector !== undefined) throw unread(what, 'has a leaf with a sparse vector');
  const values = leaf.vector === undefined ? [leaf.scalar] : Array.from(leaf.vector.value);
  if (values.length !== logits)
    throw unread(what, `has a leaf of ${values.length} values for ${logits} logits`);
  return values.map((value, dim) => [dim, Math.fround(value * weight)]);
}

function unread(what: string, why: string): TfdeployError {
  return new TfdeployError('TFD_MODEL_UNSUPPORTED', `${what}: ${why}`);
}

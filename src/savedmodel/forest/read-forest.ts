import { TfdeployError } from '../../base/error.js';
import type { ModelFiles } from '../../base/files.js';
import { decodeMessage } from '../wire/decode.js';
import type { Decoded } from '../wire/schema.js';
import { readBlobSequence } from './blob-sequence.js';
import { featureColumns } from './columns.js';
import { FOREST_SCHEMA, LOSSES, TASKS } from './schema.js';
import { type LeafPairs, type TreeNode, TreeWriter } from './tree-writer.js';
import type { Forest } from './types.js';

type Tables = (typeof FOREST_SCHEMA)['tables'];
type Message<N extends keyof Tables & string> = Decoded<Tables, N>;

const MAX_SHARDS = 10_000;
const NODE_FORMAT = 'BLOB_SEQUENCE';

interface Kind {
  readonly shards: number;
  readonly trees: number;
  readonly nodeFormat: string | undefined;
  readonly head: Pick<Forest, 'outputs' | 'link' | 'initial' | 'scale'>;
  readonly readLeaf: (node: TreeNode, tree: number) => LeafPairs;
}

/**
 * A forest of Yggdrasil (TensorFlow Decision Forests) from its folder, whose files all begin with `prefix`.
 * TFD_MODEL_UNSUPPORTED for a kind of forest, column or split that is not read; TFD_MODEL_CORRUPT for bytes
 * that contradict the format.
 */
export function readForest(files: ModelFiles, dir: string, prefix: string): Forest {
  const path = (name: string) => `${dir.replace(/\/$/, '')}/${prefix}${name}`;
  const read = <N extends keyof Tables & string>(message: N, name: string): Message<N> =>
    decodeMessage(FOREST_SCHEMA, message, files.read(path(name)), { what: path(name) });
  const model = read('AbstractModel', 'header.pb');
  const { columns } = read('DataSpecification', 'data_spec.pb');
  const label = columns[model.label_col_idx];
  const kind = files.exists(path('gradient_boosted_trees_header.pb'))
    ? boostedTrees(model, read('GradientBoostedTreesHeader', 'gradient_boosted_trees_header.pb'), dir)
    : files.exists(path('random_forest_header.pb'))
      ? randomForest(model, read('RandomForestHeader', 'random_forest_header.pb'), classesOf(label), dir)
      : undefined;
  if (kind === undefined) throw unsupported(dir, 'is neither gradient boosted trees nor a random forest');
  if (kind.nodeFormat !== NODE_FORMAT) throw unsupported(dir, `has nodes in the form ${kind.nodeFormat}`);
  if (kind.shards < 0 || kind.shards > MAX_SHARDS) throw unsupported(dir, `has ${kind.shards} shards`);

  const writer = new TreeWriter(featureColumns(model.input_features, columns, dir), dir);
  for (let shard = 0; shard < kind.shards; shard++) {
    const file = path(`nodes-${pad(shard)}-of-${pad(kind.shards)}`);
    for (const blob of readBlobSequence(files.read(file), file)) {
      const node = decodeMessage(FOREST_SCHEMA, 'Node', blob, { what: file });
      const { condition: split } = node;
      if (split === undefined) writer.addLeaf(kind.readLeaf(node, writer.tree));
      else writer.addSplit(split.attribute, split.condition ?? {}, split.na_value);
    }
  }
  if (!writer.isComplete || writer.roots.length !== kind.trees) {
    throw new TfdeployError(
      'TFD_MODEL_CORRUPT',
      `${dir}: ${writer.roots.length} trees of ${kind.trees} are there`,
    );
  }
  return { ...kind.head, ...writer.finish() };
}

function boostedTrees(
  model: Message<'AbstractModel'>,
  header: Message<'GradientBoostedTreesHeader'>,
  dir: string,
): Kind {
  const link = LOSSES.get(header.loss);
  if (link === undefined) throw unsupported(dir, `has loss ${header.loss}, which is not read`);
  const sums = header.num_trees_per_iter ?? 1;
  if (sums < 1 || header.initial_predictions.length !== sums) {
    throw unsupported(dir, `has ${header.initial_predictions.length} starting values for ${sums} sums`);
  }
  if (!Object.values<number>(TASKS).includes(model.task)) throw unsupported(dir, `has task ${model.task}`);
  const isProbability = !header.output_logits && (model.classification_outputs_probabilities ?? true);
  return {
    shards: header.num_node_shards,
    trees: header.num_trees,
    nodeFormat: header.node_format,
    head: {
      outputs: sums,
      link:
        isProbability || model.task !== TASKS.classification
          ? header.output_logits
            ? 'identity'
            : link
          : 'identity',
      initial: header.initial_predictions,
      scale: 1,
    },
    readLeaf: (node, tree) => [[tree % sums, regressorOf(node, dir)]],
  };
}

function randomForest(
  model: Message<'AbstractModel'>,
  header: Message<'RandomForestHeader'>,
  classes: number,
  dir: string,
): Kind {
  const isClassifier = model.task === TASKS.classification;
  if (!isClassifier && model.task !== TASKS.regression) throw unsupported(dir, `has task ${model.task}`);
  const outputs = isClassifier ? classes : 1;
  return {
    shards: header.num_node_shards,
    trees: header.num_trees,
    nodeFormat: header.node_format,
    head: {
      outputs,
      link: 'identity',
      initial: new Float32Array(outputs),
      scale: header.num_trees > 0 ? 1 / header.num_trees : 0,
    },
    readLeaf: isClassifier
      ? (header.winner_take_all_inference ?? true)
        ? (node) => [[classIndex(node, classes, dir), 1]]
        : (node) => sharesOf(node, classes, dir)
      : (node) => [[0, regressorOf(node, dir)]],
  };
}

/** Classes of the label; class 0 stands for values that are not among them. */
function classesOf(label: Message<'Column'> | undefined): number {
  return Math.max((label?.categorical?.number_of_unique_values ?? 0) - 1, 0);
}

function regressorOf(node: TreeNode, dir: string): number {
  if (node.regressor === undefined) throw unsupported(dir, 'has a leaf without a number');
  return node.regressor.top_value;
}

function classIndex(node: TreeNode, classes: number, dir: string): number {
  const top = node.classifier?.top_value ?? 0;
  if (top < 1 || top > classes) throw unsupported(dir, `has a leaf of class ${top} among ${classes}`);
  return top - 1;
}

function sharesOf(node: TreeNode, classes: number, dir: string): [number, number][] {
  const { counts, sum } = node.classifier?.distribution ?? {};
  if (counts === undefined || sum === undefined || !(sum > 0) || counts.length !== classes + 1) {
    throw unsupported(dir, 'has a leaf without the shares of its classes');
  }
  return Array.from(counts)
    .slice(1)
    .flatMap((count, i): [number, number][] => (count === 0 ? [] : [[i, count / sum]]));
}

function pad(index: number): string {
  return String(index).padStart(5, '0');
}

function unsupported(dir: string, why: string): TfdeployError {
  return new TfdeployError('TFD_MODEL_UNSUPPORTED', `decision forest ${dir}: ${why}`);
}

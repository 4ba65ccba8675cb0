import { defineSchema } from '../wire/compile.js';

/** The messages of a Yggdrasil model folder that answers depend on. */
export const FOREST_SCHEMA = defineSchema({
  AbstractModel: {
    task: [2, 'int32'],
    label_col_idx: [3, 'int32'],
    input_features: [5, 'int32[]'],
    classification_outputs_probabilities: [8, 'bool?'],
  },
  DataSpecification: { columns: [1, 'Column[]'] },
  Column: {
    type: [1, 'int32'],
    name: [2, 'string'],
    categorical: [6, 'CategoricalSpec'],
    discretized_numerical: [8, 'DiscretizedNumericalSpec'],
  },
  CategoricalSpec: { number_of_unique_values: [2, 'int53'] },
  DiscretizedNumericalSpec: { boundaries: [1, 'float[]'] },
  GradientBoostedTreesHeader: {
    num_node_shards: [1, 'int32'],
    num_trees: [2, 'int53'],
    loss: [3, 'int32'],
    initial_predictions: [4, 'float[]'],
    num_trees_per_iter: [5, 'int32?'],
    node_format: [7, 'string?'],
    output_logits: [9, 'bool'],
  },
  RandomForestHeader: {
    num_node_shards: [1, 'int32'],
    num_trees: [2, 'int53'],
    winner_take_all_inference: [3, 'bool?'],
    node_format: [7, 'string?'],
  },
  Node: {
    classifier: [1, 'Classifier'],
    regressor: [2, 'Regressor'],
    uplift: [5, 'Foreign'],
    anomaly_detection: [6, 'Foreign'],
    condition: [3, 'NodeCondition'],
  },
  Foreign: {},
  Classifier: { top_value: [1, 'int32'], distribution: [2, 'Distribution'] },
  Distribution: { counts: [1, 'double[]'], sum: [2, 'double'] },
  Regressor: { top_value: [1, 'float'] },
  NodeCondition: { na_value: [1, 'bool'], attribute: [2, 'int32'], condition: [3, 'Condition'] },
  Condition: {
    na_condition: [1, 'Foreign'],
    higher_condition: [2, 'Higher'],
    true_value_condition: [3, 'Foreign'],
    contains_condition: [4, 'ContainsVector'],
    contains_bitmap_condition: [5, 'ContainsBitmap'],
    discretized_higher_condition: [6, 'DiscretizedHigher'],
    oblique_condition: [7, 'Oblique'],
  },
  Higher: { threshold: [1, 'float'] },
  ContainsVector: { elements: [1, 'int32[]'] },
  ContainsBitmap: { elements_bitmap: [1, 'bytes'] },
  DiscretizedHigher: { threshold: [1, 'int32'] },
  Oblique: {
    attributes: [1, 'int32[]'],
    weights: [2, 'float[]'],
    threshold: [3, 'float'],
    na_replacements: [4, 'float[]'],
  },
});

export const TASKS = { classification: 1, regression: 2, ranking: 3 } as const;

export const COLUMN_TYPES = {
  numerical: 1,
  categorical: 4,
  categoricalSet: 5,
  boolean: 7,
  discretizedNumerical: 9,
} as const;

export const LOSSES: ReadonlyMap<number, 'identity' | 'sigmoid' | 'softmax' | 'exp'> = new Map([
  [1, 'sigmoid'],
  [2, 'identity'],
  [3, 'softmax'],
  [4, 'identity'],
  [5, 'identity'],
  [6, 'sigmoid'],
  [7, 'exp'],
  [8, 'identity'],
  [9, 'identity'],
]);

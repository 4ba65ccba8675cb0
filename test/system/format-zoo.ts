import type { ExportedModel, ZooRow } from './exported-model.js';

/** What `export.py --classes` prints. */
export interface LayerClasses {
  /** Generation of Keras → class → its other names. */
  readonly classes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Class → why no exported model has it. */
  readonly exempt: Readonly<Record<string, string>>;
}

/** Layer classes that no model is made of and that are not exempt, as `keras.Dense`. */
export function uncoveredClasses(
  { classes, exempt }: LayerClasses,
  models: readonly ExportedModel[],
): string[] {
  const covered = new Set(models.flatMap((model) => model.classes));
  return Object.entries(classes).flatMap(([generation, own]) =>
    Object.keys(own)
      .filter((name) => !(name in exempt) && !covered.has(`${generation}.${name}`))
      .map((name) => `${generation}.${name}`),
  );
}

/** Families in the order of the page, and what they are. */
const FAMILIES: readonly (readonly [string, string])[] = [
  ['keras3', 'Layers and whole models, exported by Keras 3 (`model.export`)'],
  ['keras2', 'The same, saved by Keras 2 (`tf_keras`, `model.save`)'],
  ['rnn3', 'Recurrent layers of Keras 3'],
  ['rnn2', 'Recurrent layers of Keras 2'],
  ['flow', 'Loops, conditions, lists of tensors and recurrent loops by hand, TensorFlow 2'],
  ['frames', 'Control flow as TensorFlow 1 wrote it'],
  ['host', 'Text, features, tf.Example, images, audio and detection'],
];

const HEAD = [
  '| model | Keras layers | engine stages | cases | max abs | of the largest element | converted in |',
  '|---|---|---|---|---|---|---|',
];

function formatRow({ model, outcome, why, stages, cases, maxAbs, ofLargest, convertMs }: ZooRow): string {
  const layers = model.classes
    .map((name) => name.replace(/^(tf_)?keras\./, ''))
    .filter((name) => !['Functional', 'InputLayer', 'Sequential', 'Model'].includes(name));
  const cells =
    outcome === 'match'
      ? [stages, cases, formatError(maxAbs), formatError(ofLargest), `${(convertMs / 1000).toFixed(2)} s`]
      : [
          `${outcome}: ${why.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 160)}`,
          cases,
          '',
          '',
          '',
        ];
  return `| ${model.family}-${model.name} | ${[...new Set(layers)].join(', ') || '–'} | ${cells.join(' | ')} |`;
}

function formatError(value: number): string {
  return value === 0 ? 'exact' : value.toExponential(1);
}

/** docs/zoo.md. */
export function formatZoo(rows: readonly ZooRow[], { classes, exempt }: LayerClasses): string {
  const matching = rows.filter(({ outcome }) => outcome === 'match').length;
  const cases = rows.reduce((sum, row) => sum + row.cases, 0);
  const sections = FAMILIES.map(([family, about]) => {
    const own = rows
      .filter(({ model }) => model.family === family)
      .sort((a, b) => (a.model.name < b.model.name ? -1 : 1));
    return [`## ${about}`, [...HEAD, ...own.map(formatRow)].join('\n')].join('\n\n');
  });
  const counts = Object.entries(classes).map(
    ([generation, own]) => `${Object.keys(own).length} of \`${generation}.layers\``,
  );
  return `${[
    '# Exported models against TensorFlow',
    'Made by `python test/oracle/layer_zoo/export.py --out ~/.cache/tfdeploy-oracle/layer-zoo --all` and\n`UPDATE=1 npx vitest run --config vitest.system.config.ts layer-zoo`. Each model has random weights; each case (1 and 3\nrows, where a model has rows) is compared with what ' +
      `TensorFlow ${rows[0]?.model.tensorflow ?? ''} answers from the same SavedModel:\n|a−b| ≤ 1e-5·max|b| + 1e-4·|b| per output, integers, booleans and strings exact. Times are of one run.`,
    `${matching} of ${rows.length} models match in all of their ${cases} cases.`,
    `A test lists the layer classes (${counts.join(', ')}, without aliases) and fails for one that no model here is made of, besides\n${Object.entries(
      exempt,
    )
      .map(([name, why]) => `\`${name}\` (${why})`)
      .join(', ')}.`,
    ...sections,
  ].join('\n\n')}\n`;
}

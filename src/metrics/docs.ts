import { METRICS, type MetricRow } from './table.js';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

function rowsOf(path: MetricRow['path']): string[][] {
  return (Object.values(METRICS) as MetricRow[])
    .filter((row) => row.path === path)
    .map((row) => [
      `\`${row.name}\``,
      row.type,
      row.labels.map((label) => `\`${label}\``).join(' '),
      row.help,
    ]);
}

/** docs/metrics.md, from the table. */
export function renderDocs({ table }: { table: Table }): string {
  const head = ['metric', 'type', 'labels', 'meaning'];
  const intro = 'Seconds and bytes, bounded labels: a name that no client may choose. Workers are added up.';
  return [
    '# Metrics',
    intro,
    '## On `/metrics`',
    table(head, rowsOf(undefined)),
    '## Under TensorFlow Serving’s names',
    'On the path of `--monitoring_config_file`, so that dashboards made for it keep working.',
    table(head, rowsOf('serving')),
  ].join('\n\n');
}

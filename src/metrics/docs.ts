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

const NOT_RECORDED = [
  'Not recorded, because what they count is not there: `request_log_count` (requests are not logged to files), `mlmd_map`,',
  '`saved_model_with_batching:…` (one batching layer), `:tensorflow:core:…` and `:tensorflow:cc:…` (no TensorFlow session).',
  '`request_example_counts`, `request_example_count_total`, `model_warmup_latency` and `model_warmup_records_read` are not recorded either;',
  '`tfdeploy_batch_rows` and `tfdeploy_model_load_seconds` tell rows and loading times, warm-up included.',
].join(' ');

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
    NOT_RECORDED,
  ].join('\n\n');
}

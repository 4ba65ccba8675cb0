import type { MetricsSnapshot, Series } from './snapshot.js';
import { METRICS, type MetricName, type MetricRow } from './table.js';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * A snapshot in Prometheus' text format. `serving` gives the names of TensorFlow Serving, with colons for
 * slashes and without help, otherwise our own.
 */
export function exposeMetrics(snapshot: MetricsSnapshot, path?: 'serving'): string {
  let text = '';
  for (const [name, row] of Object.entries(METRICS) as [MetricName, MetricRow][]) {
    const all = snapshot[name];
    if (all === undefined || all.length === 0 || row.path !== path) continue;
    if (row.help !== '') text += `# HELP ${row.name} ${escapeHelp(row.help)}\n`;
    text += `# TYPE ${row.name} ${row.type}\n`;
    for (const series of all)
      text += row.type === 'histogram' ? histogramText(row, series) : valueText(row, series);
  }
  return text;
}

function valueText(row: MetricRow, series: Series): string {
  return `${row.name}${labelText(row.labels, series.labels)} ${numberText(series.value ?? 0)}\n`;
}

function histogramText(row: MetricRow, series: Series): string {
  const names = [...row.labels, 'le'];
  let text = '';
  let total = 0;
  for (const [bucket, bound] of [...(row.buckets ?? []), Number.POSITIVE_INFINITY].entries()) {
    total += series.counts?.[bucket] ?? 0;
    text += `${row.name}_bucket${labelText(names, [...series.labels, numberText(bound)])} ${total}\n`;
  }
  const labels = labelText(row.labels, series.labels);
  return `${text}${row.name}_sum${labels} ${numberText(series.sum ?? 0)}\n${row.name}_count${labels} ${total}\n`;
}

/** `{name="value",…}`, or nothing where there are no labels. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

import { formatBytes, formatMs, formatRate } from '../units.js';
import { FAILURES } from '../wire/shot.js';
import { type LatencySummary, QUANTILES, type Quantile, type QuantileName } from './quantiles.js';
import type { Report } from './report.js';
import type { SloResult } from './slo.js';

/** Colours of the report; each may leave its text as it is. */
export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>
>;

const QUANTILE_LABELS: Readonly<Record<QuantileName, string>> = {
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  p999: 'p99.9',
};
const LABEL_WIDTH = 11;
const CELL_WIDTH = 11;
const INTERVAL_WIDTH = 27;
/** From here on a quantile is uncertain enough that its interval belongs beside it. */
const WITH_INTERVAL: ReadonlySet<QuantileName> = new Set(['p99']);

/** The report for people, as lines. Pure. */
export function formatReport(report: Report, paint: Paint): string[] {
  return [
    ...formatHead(report, paint),
    '',
    ...formatLatencies(report, paint),
    '',
    ...formatCounts(report, paint),
    ...report.slo.map((one) => formatSlo(one, report, paint)),
    ...formatVerdict(report, paint),
  ];
}

function label(text: string, paint: Paint): string {
  return paint.dim(text.padEnd(LABEL_WIDTH));
}

function formatHead({ target, payload, load, warmUp }: Report, paint: Paint): string[] {
  const distinct = payload.distinct === 1 ? '' : `${payload.distinct} distinct, `;
  const body = `${payload.about}  ${paint.dim(`${distinct}${formatBytes(Math.round(payload.meanBytes))} each`)}`;
  const signature = target.signature === null ? '' : `  signature ${target.signature}`;
  const duration = formatMs(load.durationMs);
  const how =
    load.mode === 'open'
      ? `${formatRate(load.qps)} requests/s offered, ${load.arrivals}, seed ${load.seed}, for ${duration}`
      : `${load.concurrency} requests kept on their way (closed loop) for ${duration}`;
  const ready =
    target.serverReadyMs === null
      ? []
      : [`server started here, ready after ${formatMs(target.serverReadyMs)}`];
  return [
    `${paint.bold(`POST ${target.url}`)}${signature}`,
    `${label('request', paint)}${body}`,
    `${label('load', paint)}${how}, after ${formatMs(warmUp.durationMs)} of warm-up`,
    ...ready.map((text) => `${label('server', paint)}${text}`),
  ];
}

function formatLatencies({ latency, load }: Report, paint: Paint): string[] {
  const names = Object.keys(QUANTILES) as QuantileName[];
  const head = [
    ' '.repeat(LABEL_WIDTH),
    ...names.map((name) =>
      QUANTILE_LABELS[name].padEnd(WITH_INTERVAL.has(name) ? INTERVAL_WIDTH : CELL_WIDTH),
    ),
    'max',
  ].join('');
  const row = (title: string, summary: LatencySummary, note: string): string =>
    [
      title.padEnd(LABEL_WIDTH),
      ...names.map((name) => formatQuantile(summary.quantiles[name], WITH_INTERVAL.has(name))),
      (summary.maxMs === null ? '–' : formatMs(summary.maxMs)).padEnd(CELL_WIDTH),
      paint.dim(note),
    ].join('');
  const rows =
    load.mode === 'open'
      ? [
          row('response', latency.response, 'from the intended send time'),
          row('service', latency.service, 'from the actual send'),
        ]
      : [row('response', latency.service, 'with the server kept full; says nothing about a fixed rate')];
  const needs = names
    .map((name) => ({ name, quantile: latency.response.quantiles[name] }))
    .filter(({ quantile }) => quantile.withheld === 'samples')
    .map(({ name, quantile }) => `${QUANTILE_LABELS[name]} needs ${quantile.needsRequests} requests`);
  const missing = needs.length === 0 ? [] : [paint.dim(`${' '.repeat(LABEL_WIDTH)}${needs.join(', ')}`)];
  return [paint.dim(head), ...rows, ...missing];
}

function formatQuantile({ ms, interval95Ms, withheld }: Quantile, withInterval: boolean): string {
  const width = withInterval ? INTERVAL_WIDTH : CELL_WIDTH;
  if (ms === null) return (withheld === 'failures' ? 'failed' : '–').padEnd(width);
  if (!withInterval) return formatMs(ms).padEnd(width);
  const [low, high] = interval95Ms ?? [null, null];
  const bounds = [low, high].map((bound) => (bound === null ? '?' : formatMs(bound).replace(/ ms$/, '')));
  return `${formatMs(ms)} [${bounds.join(', ')}]`.padEnd(width);
}

function formatCounts(
  { requests, rate, statuses, failures, bytes, generator, latency, load }: Report,
  paint: Paint,
): string[] {
  const rows = rate.rowsPerSecond !== null && rate.rowsPerSecond !== rate.okPerSecond;
  const codes = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
  const failed =
    requests.failed === 0
      ? '0 failed'
      : paint.red(`${requests.failed} failed (${percent(requests.failedShare)})`);
  const lag = latency.sendLag.quantiles;
  const lagText = load.mode === 'open' ? `sent late by ${inMs(lag.p50)} (p50), ${inMs(lag.p99)} (p99); ` : '';
  return [
    `${label('rate', paint)}${paint.bold(formatRate(rate.okPerSecond))} answered/s${rows ? `, ${formatRate(rate.rowsPerSecond ?? 0)} rows/s` : ''}`,
    `${label('requests', paint)}${requests.sent} sent, ${requests.ok} ok, ${failed}${codes.length === 0 ? '' : `  ${paint.dim(codes.join('  '))}`}`,
    ...failures.map(
      ({ kind, status, count, first }) =>
        `${' '.repeat(LABEL_WIDTH)}${paint.red(String(count))} ${FAILURES[kind]}${status === 0 ? '' : ` ${status}`}${first === '' ? '' : paint.dim(`  ${first.slice(0, 160)}`)}`,
    ),
    `${label('bytes', paint)}${formatBytes(bytes.sent)} sent, ${formatBytes(bytes.received)} received`,
    `${label('generator', paint)}${lagText}${generator.cpuCores.toFixed(2)} cores, busy ${percent(generator.loopShare)}, up to ${generator.peakConnections} connections`,
  ];
}

function inMs({ ms }: Quantile): string {
  return ms === null ? '–' : formatMs(ms);
}

function percent(share: number): string {
  const value = share * 100;
  return `${value !== 0 && value < 1 ? value.toFixed(2) : value.toFixed(0)} %`;
}

function formatSlo(one: SloResult, { requests }: Report, paint: Paint): string {
  const total = requests.ok + requests.failed;
  const color = one.verdict === 'met' ? paint.green : one.verdict === 'missed' ? paint.red : paint.yellow;
  const over = `${one.violations} of ${total} over it${one.allowed === undefined ? '' : `, ${one.allowed} may be`}`;
  const sure =
    one.confidence === undefined ? '' : `; ${(Math.floor(one.confidence * 1e3) / 10).toFixed(1)} % sure`;
  const text =
    one.verdict === 'unknown'
      ? `not known: needs ${one.needsRequests ?? 1} requests, had ${total}`
      : one.verdict === 'met'
        ? `met: ${over}${sure}`
        : `missed: ${over}`;
  return `${label('SLO', paint)}${one.slo}  ${color(text)}`;
}

function formatVerdict({ verdict, notes }: Report, paint: Paint): string[] {
  const isInvalid = verdict.status === 'INVALID';
  const word = isInvalid ? paint.red('INVALID') : paint.green('VALID');
  const steady = verdict.stability === 'STEADY' ? 'steady' : paint.yellow('UNSTEADY');
  const meaning = isInvalid ? '  do not quote these figures' : '';
  return [
    `${label('verdict', paint)}${word}, ${steady}${meaning}`,
    ...verdict.reasons.map(({ weight, text }) => {
      const color = weight === 'invalid' ? paint.red : weight === 'unsteady' ? paint.yellow : paint.dim;
      return `${' '.repeat(LABEL_WIDTH)}${color(`- ${text}`)}`;
    }),
    ...notes.map((text) => `${' '.repeat(LABEL_WIDTH)}${paint.dim(`- ${text}`)}`),
  ];
}

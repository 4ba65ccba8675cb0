import { TfdeployError } from '../base/error.js';
import type { Load } from './bench.js';
import type { ArrivalsName } from './load/schedule.js';
import type { WarmUp } from './load/warm-up.js';
import { parseSlos, type Slo } from './report/slo.js';
import { parseCount, parseDurationMs } from './units.js';
import { parseHeader } from './wire/request.js';

export const DEFAULT_URL = 'http://127.0.0.1:8501';
const DEFAULT_QPS = 100;

/** The flags of `bench`, as the command line gives them. */
export interface BenchFlags {
  readonly qps?: number | 'max';
  readonly concurrency?: number;
  readonly arrivals: ArrivalsName;
  readonly duration: string;
  readonly warmUp: string;
  readonly timeout: string;
  readonly connections: string;
  readonly startTimeout: string;
  readonly slo?: readonly string[];
  readonly header?: readonly string[];
  readonly shape?: readonly string[];
}

export interface BenchSettings {
  readonly load: Load;
  readonly durationMs: number;
  readonly warmUp: WarmUp;
  readonly timeoutMs: number;
  readonly maxConnections: number | undefined;
  readonly startTimeoutMs: number;
  readonly slos: readonly Slo[];
  readonly headers: readonly (readonly [string, string])[];
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** What the flags mean together. TFD_USAGE where they contradict each other. */
export function readSettings(flags: BenchFlags): BenchSettings {
  const durationMs = parseDurationMs(flags.duration, '--duration');
  if (durationMs < 100) throw new TfdeployError('TFD_USAGE', '--duration: less than 100ms measures nothing');
  const timeoutMs = parseDurationMs(flags.timeout, '--timeout');
  if (timeoutMs <= 0) throw new TfdeployError('TFD_USAGE', '--timeout: every request would fail at once');
  const load = readLoad(flags);
  const slos = (flags.slo ?? []).flatMap(parseSlos);
  if (load.kind !== 'open' && slos.some(({ kind }) => kind !== 'errors')) {
    throw new TfdeployError('TFD_USAGE', '--slo: a closed loop says nothing about the latency at a rate', {
      hint: 'give the rate: --qps 500 --slo p99=50ms',
    });
  }
  return {
    load,
    durationMs,
    warmUp:
      flags.warmUp === 'auto'
        ? { kind: 'auto' }
        : { kind: 'fixed', durationMs: parseDurationMs(flags.warmUp, '--warm-up') },
    timeoutMs,
    maxConnections: flags.connections === 'auto' ? undefined : parseCount(flags.connections, '--connections'),
    startTimeoutMs: parseDurationMs(flags.startTimeout, '--start-timeout'),
    slos,
    headers: (flags.header ?? []).map(parseHeader),
    shapes: new Map((flags.shape ?? []).map(parseShape)),
  };
}

function readLoad({ qps, concurrency, arrivals }: BenchFlags): Load {
  if (concurrency !== undefined && qps !== undefined) {
    throw new TfdeployError('TFD_USAGE', '--qps and --concurrency exclude each other', {
      hint: '--qps sends at a rate; --concurrency keeps a number of requests on their way',
    });
  }
  if (concurrency !== undefined) return { kind: 'closed', concurrency };
  if (qps === 'max') return { kind: 'max' };
  return { kind: 'open', qps: qps ?? DEFAULT_QPS, arrivals };
}

function parseShape(text: string): readonly [string, readonly number[]] {
  const match = /^(.+)=(\d+(?:[x,]\d+)*)?$/.exec(text);
  if (match === null) {
    throw new TfdeployError('TFD_USAGE', `--shape: '${text}' is not understood`, {
      hint: 'write --shape image=1x224x224x3',
    });
  }
  return [match[1]!, match[2] === undefined ? [] : match[2].split(/[x,]/).map(Number)];
}

/** Whether the argument is a URL; anything else is a path to serve. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

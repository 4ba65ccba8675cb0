import { TfdeployError } from '../base/error.js';

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1e3],
  ['m', 60e3],
  ['h', 3600e3],
]);

/** `250ms`, `10s`, `1.5m` as milliseconds. A bare number is refused, since its unit would be a guess. */
export function parseDurationMs(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/.exec(text.trim());
  if (match === null) {
    throw new TfdeployError('TFD_USAGE', `${flag}: '${text}' is not a duration`, {
      hint: 'write a number and a unit, such as 500ms, 10s or 2m',
    });
  }
  return Number(match[1]) * MS_PER_UNIT.get(match[2]!)!;
}

/** A whole number of at least `least`; anything else is TFD_USAGE. */
export function parseCount(text: string, flag: string, least = 1): number {
  const value = Number(text);
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < least) {
    throw new TfdeployError('TFD_USAGE', `${flag}: '${text}' is not a whole number of at least ${least}`);
  }
  return value;
}

/** A finite number above zero; anything else is TFD_USAGE. */
export function parsePositive(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new TfdeployError('TFD_USAGE', `${flag}: '${text}' is not a number above 0`);
  }
  return value;
}

/** Milliseconds for people, three digits or so: `0.15 ms`, `20.2 ms`, `905 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms >= 10e3) return `${(ms / 1e3).toFixed(1)} s`;
  if (ms >= 1e3) return `${(ms / 1e3).toFixed(2)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return `${ms.toFixed(ms >= 10 ? 1 : 2)} ms`;
}

/** Bytes for people: `812 B`, `1.6 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A rate for people: `499.8`, `31 204`. */
export function formatRate(perSecond: number): string {
  if (perSecond < 1e3) return perSecond.toFixed(1);
  return Math.round(perSecond)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');
}

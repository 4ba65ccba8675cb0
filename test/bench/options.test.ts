import { describe, expect, it } from 'vitest';
import { isSettled, type WarmUpWindow, warmUpLimit } from '../../src/bench/load/warm-up.js';
import { type BenchFlags, isUrl, readSettings } from '../../src/bench/options.js';
import { readReadyLine } from '../../src/bench/serve-child.js';
import {
  formatBytes,
  formatMs,
  formatRate,
  parseCount,
  parseDurationMs,
  parsePositive,
} from '../../src/bench/units.js';
import { parseHeader, writeRequest } from '../../src/bench/wire/request.js';

const FLAGS: BenchFlags = {
  arrivals: 'poisson',
  duration: '10s',
  warmUp: 'auto',
  timeout: '10s',
  connections: 'auto',
  startTimeout: '60s',
};

describe('settings', () => {
  it('is an open loop at a rate, unless another load is asked for', () => {
    expect(readSettings(FLAGS)).toMatchObject({
      load: { kind: 'open', qps: 100, arrivals: 'poisson' },
      durationMs: 10_000,
      warmUp: { kind: 'auto' },
      maxConnections: undefined,
    });
    expect(readSettings({ ...FLAGS, qps: 'max' }).load).toEqual({ kind: 'max' });
    expect(readSettings({ ...FLAGS, concurrency: 8 }).load).toEqual({ kind: 'closed', concurrency: 8 });
    expect(readSettings({ ...FLAGS, warmUp: '2s', connections: '9' })).toMatchObject({
      warmUp: { kind: 'fixed', durationMs: 2000 },
      maxConnections: 9,
    });
    expect(readSettings({ ...FLAGS, shape: ['a=1x2', 'b='] }).shapes).toEqual(
      new Map([
        ['a', [1, 2]],
        ['b', []],
      ]),
    );
  });

  it.each([
    { qps: 5, concurrency: 5 },
    { concurrency: 5, slo: ['p99=5ms'] },
    { duration: '10' },
    { duration: '1ms' },
    { timeout: '0s' },
    { connections: 'many' },
    { shape: ['image'] },
    { shape: ['image=-1x2'] },
    { header: ['no header'] },
    { header: ['Content-Length: 5'] },
    { slo: ['p99'] },
  ] satisfies Partial<BenchFlags>[])('refuses %o', (flags) => {
    expect(() => readSettings({ ...FLAGS, ...flags })).toThrow(
      expect.objectContaining({ code: 'TFD_USAGE' }),
    );
  });

  it('reads and writes units', () => {
    expect(['250us', '1.5ms', '2s', '3m', '1h'].map((text) => parseDurationMs(text, '--x'))).toEqual([
      0.25, 1.5, 2000, 180_000, 3_600_000,
    ]);
    expect(parseCount('7', '--x')).toBe(7);
    expect(parsePositive('0.5', '--x')).toBe(0.5);
    for (const text of ['0', '-1', '1.5', 'x', '']) expect(() => parseCount(text, '--x')).toThrow();
    for (const text of ['0', '-1', 'Infinity', 'x', '']) expect(() => parsePositive(text, '--x')).toThrow();
    expect([0.154, 20.24, 905.2, 1250, 12_300].map(formatMs)).toEqual([
      '0.15 ms',
      '20.2 ms',
      '905 ms',
      '1.25 s',
      '12.3 s',
    ]);
    expect([812, 1600, 1.6e6, 2.5e9].map(formatBytes)).toEqual(['812 B', '1.6 kB', '1.6 MB', '2.50 GB']);
    expect([499.84, 31_204, 1_234_567].map(formatRate)).toEqual(['499.8', '31 204', '1 234 567']);
  });

  it('tells URLs from paths', () => {
    expect(isUrl('http://127.0.0.1:8501')).toBe(true);
    expect(isUrl('./model')).toBe(false);
    expect(isUrl('models/http:x')).toBe(false);
  });

  it('writes a request that can not be split', () => {
    const bytes = writeRequest('h:1', '/p', [parseHeader('A: b: c')], Buffer.from('{}'));
    expect(bytes.toString()).toMatch(
      /^POST \/p HTTP\/1\.1\r\nHost: h:1\r\n[\s\S]*\r\nA: b: c\r\nContent-Length: 2\r\n\r\n\{\}$/,
    );
    expect(() => parseHeader('A: b\r\nX: y')).toThrow();
    expect(() => parseHeader('A b: c')).toThrow();
  });

  it('knows a readiness line', () => {
    expect(readReadyLine('{"event":"ready","rest":"http://127.0.0.1:9"}')).toBe('http://127.0.0.1:9');
    for (const line of ['', 'ready', 'null', '{"event":"ready"}', '{"event":"start","rest":"x"}']) {
      expect(readReadyLine(line)).toBeUndefined();
    }
  });
});

describe('warm-up', () => {
  const window = (p50Ms: number | undefined, change: Partial<WarmUpWindow> = {}): WarmUpWindow => ({
    issued: 250,
    completed: 250,
    failed: 0,
    inFlight: 5,
    p50Ms,
    ...change,
  });

  it('ends when three windows look alike', () => {
    expect(isSettled([window(20), window(20)])).toBe(false);
    expect(isSettled([window(20), window(20), window(20)])).toBe(true);
    expect(isSettled([window(90), window(30), window(20)])).toBe(false);
    expect(isSettled([window(90), window(20), window(20), window(21)])).toBe(true);
    expect(isSettled([window(0.3), window(0.2), window(0.15)])).toBe(true);
  });

  it('goes on while requests pile up or get no answer', () => {
    expect(isSettled([window(20), window(20), window(20, { inFlight: 100 })])).toBe(false);
    expect(isSettled([window(20), window(20), window(20, { completed: 100 })])).toBe(false);
    expect(isSettled([window(undefined), window(undefined), window(undefined)])).toBe(false);
  });

  it('does not wait for answers where hardly any request is sent', () => {
    const slow = window(undefined, { issued: 1, completed: 0, inFlight: 1 });
    expect(isSettled([slow, slow, slow])).toBe(true);
  });

  it('has an end', () => {
    expect([500, 2_000, 10_000, 600_000].map(warmUpLimit)).toEqual([4, 4, 20, 20]);
  });
});

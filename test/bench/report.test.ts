import { describe, expect, it } from 'vitest';
import type { DriveResult } from '../../src/bench/load/drive.js';
import { createRecorder, planWindows, recordOutcome } from '../../src/bench/load/recorder.js';
import { createProgress } from '../../src/bench/report/progress.js';
import { summarize } from '../../src/bench/report/quantiles.js';
import {
  buildReport,
  type LoadReport,
  type Report,
  type ReportParts,
} from '../../src/bench/report/report.js';
import { checkSlo, parseSlos } from '../../src/bench/report/slo.js';
import { formatReport, type Paint } from '../../src/bench/report/text.js';
import { judge, type RunFacts } from '../../src/bench/report/verdict.js';
import { createHistogram, recordMs } from '../../src/bench/stats/histogram.js';
import type { FailureKind, Outcome } from '../../src/bench/wire/shot.js';

const plain = (text: string): string => text;
const PAINT: Paint = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const OPEN: LoadReport = {
  mode: 'open',
  arrivals: 'constant',
  qps: 100,
  seed: 1,
  durationMs: 10_000,
  timeoutMs: 10_000,
};

function outcome(intendedMs: number, latencyMs: number, failure?: FailureKind): Outcome {
  const sentMs = intendedMs + 0.1;
  return {
    shot: { payload: 0, intendedMs, dispatchedMs: sentMs, sentMs, window: 0 },
    failure,
    status: failure === undefined ? 200 : failure === 'status' ? 503 : 0,
    doneMs: intendedMs + latencyMs,
    bodyBytes: 10,
    detail: failure === undefined ? '' : 'too\n  busy',
  };
}

/** A run of 1 000 requests in 10 s; `latencyOf` and `failureOf` say how each went. */
function run(
  latencyOf: (index: number) => number,
  parts: Partial<ReportParts> = {},
  failureOf: (index: number) => FailureKind | undefined = () => undefined,
): Report {
  const { count, windowMs } = planWindows(10_000);
  const recorder = createRecorder(count, windowMs);
  for (let index = 0; index < 1_000; index++) {
    const at = index * 10;
    const failure = failureOf(index);
    if (failure === undefined) recorder.answeredWithin++;
    recordOutcome(recorder, outcome(at, latencyOf(index), failure), Math.floor(at / windowMs), 100);
  }
  const drive: DriveResult = {
    measureStartMs: 0,
    measuredMs: 10_000,
    planned: 1_000,
    issued: 1_000,
    warmUpMs: 2_000,
    isSettled: true,
    peakConnections: 4,
    isInterrupted: false,
  };
  return buildReport({
    version: '0.0.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    target: {
      url: 'http://h/v1/models/m:predict',
      model: 'm',
      signature: 'serving_default',
      serverReadyMs: null,
      isLocal: false,
    },
    load: OPEN,
    payload: {
      source: 'signature',
      about: 'x:float32[1,4]',
      distinct: 2,
      meanBytes: 50,
      rows: 2,
      sha256: '00',
    },
    recorder,
    drive,
    client: { cpuCores: 0.1, loopShare: 0.1, gcMaxMs: 1, gcTotalMs: 1, stealShare: 0 },
    slos: [],
    notes: [],
    ...parts,
  });
}

describe('report', () => {
  it('counts response from the intended time and service from the send', () => {
    const report = run((index) => index / 10 + 0.1);
    expect(report.latency.response.quantiles.p50.ms).toBeCloseTo(50, 0);
    expect(report.latency.response.maxMs).toBeCloseTo(100, 1);
    expect(report.latency.service.maxMs).toBeCloseTo(99.9, 1);
    expect(report.latency.sendLag.quantiles.p50.ms).toBeCloseTo(0.1, 3);
    expect(report.requests).toMatchObject({ planned: 1000, sent: 1000, ok: 1000, failed: 0 });
    expect(report.rate.okPerSecond).toBeCloseTo(100, 6);
    expect(report.rate.rowsPerSecond).toBeCloseTo(200, 6);
    expect(report.windows).toHaveLength(10);
    expect(report).toMatchObject({ schema: 'tfdeploy.bench/1', exitStatus: 0, statuses: { 200: 1000 } });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('withholds a quantile for which there are too few requests', () => {
    const { quantiles } = run(() => 5).latency.response;
    expect(quantiles.p99.ms).toBe(5);
    expect(quantiles.p999).toMatchObject({ ms: null, withheld: 'samples', needsRequests: 2995 });
    const few = createHistogram();
    for (let index = 0; index < 20; index++) recordMs(few, 1);
    const summary = summarize(few);
    expect(summary.quantiles.p50.ms).toBe(1);
    expect(summary.quantiles.p90).toMatchObject({ ms: null, needsRequests: 29 });
    expect(summarize(createHistogram())).toMatchObject({ count: 0, minMs: null, meanMs: null, maxMs: null });
  });

  it('lets failed requests be slower than every answer', () => {
    const report = run(
      () => 5,
      {},
      (index) => (index % 20 === 0 ? 'status' : undefined),
    );
    expect(report.requests).toMatchObject({ ok: 950, failed: 50, failedShare: 0.05 });
    expect(report.latency.response.quantiles.p90.ms).toBeCloseTo(5, 1);
    expect(report.latency.response.quantiles.p99).toMatchObject({ ms: null, withheld: 'failures' });
    expect(report.failures).toEqual([{ kind: 'status', status: 503, count: 50, first: 'too busy' }]);
    expect(formatReport(report, PAINT).join('\n')).toContain('failed');
  });

  it('exits by what was promised and by whether the run can be believed', () => {
    const slos = parseSlos('p90=8ms,errors=1%');
    expect(run(() => 5, { slos }).exitStatus).toBe(0);
    expect(run((index) => (index % 5 === 0 ? 9 : 5), { slos }).exitStatus).toBe(2);
    const busy = { cpuCores: 1, loopShare: 0.97, gcMaxMs: 1, gcTotalMs: 1, stealShare: undefined };
    expect(run(() => 50, { slos, client: busy }).exitStatus).toBe(3);
    expect(run(() => 5, { slos: parseSlos('p99.9=8ms') }).exitStatus).toBe(4);
    const none = run(
      () => 5,
      {},
      () => 'timeout',
    );
    expect(none.exitStatus).toBe(3);
    expect(none.verdict.reasons.map(({ code }) => code)).toContain('no-answer');
  });

  it('prints what people need', () => {
    const text = formatReport(
      run((index) => index / 10, { slos: parseSlos('p99=50ms'), notes: ['a note'] }),
      PAINT,
    );
    expect(text.join('\n')).toMatchInlineSnapshot(`
      "POST http://h/v1/models/m:predict  signature serving_default
      request    x:float32[1,4]  2 distinct, 50 B each
      load       100.0 requests/s offered, constant, seed 1, for 10.0 s, after 2.00 s of warm-up

                 p50        p90        p95        p99                        p99.9      max
      response   49.9 ms    89.9 ms    94.9 ms    98.9 ms [97.0, ?]          –          99.9 ms    from the intended send time
      service    49.8 ms    89.9 ms    94.8 ms    98.8 ms [98.1, 99.6]       –          99.8 ms    from the actual send
                 p99.9 needs 2995 requests

      rate       100.0 answered/s, 200.0 rows/s
      requests   1000 sent, 1000 ok, 0 failed  200: 1000
      bytes      100.0 kB sent, 10.0 kB received
      generator  sent late by 0.10 ms (p50), 0.10 ms (p99); 0.10 cores, busy 10 %, up to 4 connections
      SLO        p99=50ms  missed: 499 of 1000 over it, 10 may be
      verdict    VALID, steady
                 - a note"
    `);
  });
});

describe('progress', () => {
  it('is one line that is drawn again twice a second', () => {
    const written: string[] = [];
    const progress = createProgress((text) => written.push(text));
    progress.onPhase('measure');
    for (let at = 0; at <= 1_000; at += 50) {
      progress.onOutcome(outcome(at, 20, at === 900 ? 'timeout' : undefined));
      progress.onTick(at, 3);
    }
    progress.clear();
    expect(written).toEqual([
      '\r\u001b[2Kmeasure  22.0/s  p50 20.0 ms  p99 20.0 ms  3 on their way  11 done',
      '\r\u001b[2Kmeasure  18.0/s  p50 20.0 ms  p99 20.0 ms  3 on their way  21 done  1 failed',
      '\r\u001b[2K',
    ]);
  });
});

describe('promises', () => {
  it('reads them, or refuses them', () => {
    expect(parseSlos('p99=50ms, p99.9=1s')).toMatchObject([
      { kind: 'quantile', p: 0.99, limitMs: 50 },
      { kind: 'quantile', p: 0.999, limitMs: 1000 },
    ]);
    expect(parseSlos('max=1s,errors=0.1%')).toMatchObject([
      { kind: 'max', limitMs: 1000 },
      { kind: 'errors', limitShare: 0.001 },
    ]);
    for (const text of [
      '',
      'p99',
      'p99=50',
      'p100=1s',
      'p0=1s',
      'q=1s',
      'errors=1',
      'errors=101%',
      'p99=1s=2s',
      'p99<1s',
    ]) {
      expect(() => parseSlos(text), text).toThrow();
    }
  });

  it('says how sure a promise is', () => {
    const histogram = createHistogram();
    for (let index = 0; index < 459; index++) recordMs(histogram, 5);
    const [slo] = parseSlos('p99=8ms');
    expect(checkSlo(slo!, histogram, 0).confidence).toBeGreaterThan(0.99);
    expect(checkSlo(slo!, histogram, 0)).toMatchObject({ verdict: 'met', violations: 0, allowed: 4 });
    expect(checkSlo(slo!, histogram, 5)).toMatchObject({ verdict: 'missed', violations: 5 });
    const [max] = parseSlos('max=4ms');
    expect(checkSlo(max!, histogram, 0)).toMatchObject({ verdict: 'missed', violations: 459 });
    const [errors] = parseSlos('errors=1%');
    expect(checkSlo(errors!, histogram, 4).verdict).toBe('met');
    expect(checkSlo(errors!, histogram, 5).verdict).toBe('missed');
    expect(checkSlo(errors!, createHistogram(), 0).verdict).toBe('unknown');
  });
});

describe('verdict', () => {
  const good: RunFacts = {
    mode: 'open',
    planned: 1000,
    issued: 1000,
    ok: 1000,
    failed: 0,
    lagP50Ms: 0.1,
    lagP99Ms: 0.2,
    responseP50Ms: 5,
    responseP99Ms: 9,
    sloMs: undefined,
    loopShare: 0.2,
    localFailures: 0,
    stealShare: 0,
    gcMaxMs: 1,
    backlogGrowth: 0,
    hasSettled: true,
    isInterrupted: false,
    isSharingMachine: false,
  };

  it('believes a run that kept its schedule', () => {
    expect(judge(good)).toEqual({ status: 'VALID', stability: 'STEADY', reasons: [] });
  });

  it.each([
    ['sent-late', { lagP99Ms: 1.5 }, 'INVALID'],
    ['sent-late', { lagP50Ms: 0.6 }, 'INVALID'],
    ['sent-late', { lagP99Ms: 1.5, responseP99Ms: 40 }, undefined],
    ['sent-late', { lagP99Ms: 1.5, sloMs: 50 }, undefined],
    ['not-issued', { issued: 980 }, 'INVALID'],
    ['generator-busy', { loopShare: 0.95 }, 'INVALID'],
    ['local-limits', { localFailures: 1 }, 'INVALID'],
    ['no-answer', { ok: 0 }, 'INVALID'],
    ['interrupted', { isInterrupted: true, issued: 5 }, 'INVALID'],
    ['backlog', { backlogGrowth: 200 }, 'VALID'],
    ['not-settled', { hasSettled: false }, 'VALID'],
    ['steal', { stealShare: 0.1 }, 'VALID'],
    ['gc', { gcMaxMs: 9 }, 'VALID'],
    ['shared-machine', { isSharingMachine: true }, 'VALID'],
  ] as const)('%s with %o', (code, change, status) => {
    const verdict = judge({ ...good, ...change });
    if (status === undefined) expect(verdict.reasons).toEqual([]);
    else {
      expect(verdict.reasons.map((reason) => reason.code)).toContain(code);
      expect(verdict.status).toBe(status);
    }
  });

  it('does not judge the send lag of a closed loop, which has no schedule', () => {
    expect(judge({ ...good, mode: 'closed', lagP99Ms: 100 }).status).toBe('VALID');
    expect(judge({ ...good, backlogGrowth: 200 }).stability).toBe('UNSTEADY');
  });
});

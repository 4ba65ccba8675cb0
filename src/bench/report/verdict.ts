/** What is known about the generator and the course of the run. */
export interface RunFacts {
  readonly mode: 'open' | 'closed';
  readonly planned: number;
  readonly issued: number;
  readonly ok: number;
  readonly failed: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly responseP50Ms: number | undefined;
  readonly responseP99Ms: number | undefined;
  /** Tightest latency promised, if any. */
  readonly sloMs: number | undefined;
  /** Share of the time the generator's event loop was busy. */
  readonly loopShare: number;
  /** Failures for want of ports or file descriptors here. */
  readonly localFailures: number;
  readonly stealShare: number | undefined;
  readonly gcMaxMs: number;
  /** By how many requests the backlog grew over the run, by its trend. */
  readonly backlogGrowth: number;
  readonly hasSettled: boolean | undefined;
  readonly isInterrupted: boolean;
  readonly isSharingMachine: boolean;
}

export interface Reason {
  readonly code: string;
  /** `invalid`: the figures are not to be trusted. `unsteady`: they depend on how long the run was. */
  readonly weight: 'invalid' | 'unsteady' | 'note';
  readonly text: string;
}

export interface Verdict {
  readonly status: 'VALID' | 'INVALID';
  readonly stability: 'STEADY' | 'UNSTEADY';
  readonly reasons: readonly Reason[];
}

interface Rule {
  readonly code: string;
  readonly weight: Reason['weight'];
  applies(facts: RunFacts): boolean;
  explain(facts: RunFacts): string;
}

const MOST_LOOP_SHARE = 0.9;
const MOST_STEAL_SHARE = 0.02;
const LONG_GC_MS = 5;

/** How late sending may be at the median and at p99 before it colours the result. */
export function lagLimits(facts: RunFacts): { p50Ms: number; p99Ms: number } {
  const slo = facts.sloMs ?? 0;
  return {
    p50Ms: Math.max(0.5, 0.05 * (facts.responseP50Ms ?? 0), 0.02 * slo),
    p99Ms: Math.max(1, 0.05 * (facts.responseP99Ms ?? 0), 0.05 * slo),
  };
}

const RULES: readonly Rule[] = [
  {
    code: 'interrupted',
    weight: 'invalid',
    applies: (facts) => facts.isInterrupted,
    explain: ({ issued, planned }) => `the run was stopped after ${issued} of ${planned} requests`,
  },
  {
    code: 'no-answer',
    weight: 'invalid',
    applies: (facts) => facts.ok === 0 && !facts.isInterrupted,
    explain: () => 'no request was answered with success',
  },
  {
    code: 'not-issued',
    weight: 'invalid',
    applies: (facts) => facts.issued < 0.99 * facts.planned && !facts.isInterrupted,
    explain: ({ issued, planned }) => `only ${issued} of ${planned} planned requests were sent`,
  },
  {
    code: 'sent-late',
    weight: 'invalid',
    applies(facts) {
      const limits = lagLimits(facts);
      return facts.mode === 'open' && (facts.lagP50Ms > limits.p50Ms || facts.lagP99Ms > limits.p99Ms);
    },
    explain(facts) {
      const limits = lagLimits(facts);
      return (
        `the generator sent late: p50 ${facts.lagP50Ms.toFixed(2)} ms (limit ${limits.p50Ms.toFixed(2)}), ` +
        `p99 ${facts.lagP99Ms.toFixed(2)} ms (limit ${limits.p99Ms.toFixed(2)}); it needs a core to itself`
      );
    },
  },
  {
    code: 'generator-busy',
    weight: 'invalid',
    applies: (facts) => facts.loopShare > MOST_LOOP_SHARE,
    explain: ({ loopShare }) =>
      `the generator was busy ${(loopShare * 100).toFixed(0)} % of the time: it may be the limit, not the server`,
  },
  {
    code: 'local-limits',
    weight: 'invalid',
    applies: (facts) => facts.localFailures > 0,
    explain: ({ localFailures }) =>
      `${localFailures} requests failed here for want of ports or file descriptors (see ulimit -n)`,
  },
  {
    code: 'backlog',
    weight: 'unsteady',
    applies: (facts) =>
      facts.mode === 'open' &&
      facts.backlogGrowth > Math.max(10, 0.02 * facts.planned) &&
      !facts.isInterrupted,
    explain: ({ backlogGrowth }) =>
      `the server could not keep up: ${Math.round(backlogGrowth)} requests piled up, so latencies grow with the length of the run`,
  },
  {
    code: 'not-settled',
    weight: 'note',
    applies: (facts) => facts.hasSettled === false,
    explain: () => 'the warm-up was ended before the answers were steady (--warm-up 20s gives it longer)',
  },
  {
    code: 'steal',
    weight: 'note',
    applies: (facts) => (facts.stealShare ?? 0) > MOST_STEAL_SHARE,
    explain: ({ stealShare }) =>
      `other guests took ${((stealShare ?? 0) * 100).toFixed(1)} % of this virtual machine's time`,
  },
  {
    code: 'gc',
    weight: 'note',
    applies: (facts) => facts.gcMaxMs > LONG_GC_MS,
    explain: ({ gcMaxMs }) =>
      `the generator's garbage collection paused it for up to ${gcMaxMs.toFixed(1)} ms`,
  },
  {
    code: 'shared-machine',
    weight: 'note',
    applies: (facts) => facts.isSharingMachine,
    explain: () => 'generator and server share the cores of this machine: a client elsewhere sees more',
  },
];

/** Whether the figures can be believed, and why not. Pure. */
export function judge(facts: RunFacts): Verdict {
  const reasons = RULES.filter((rule) => rule.applies(facts)).map((rule) => ({
    code: rule.code,
    weight: rule.weight,
    text: rule.explain(facts),
  }));
  return {
    status: reasons.some(({ weight }) => weight === 'invalid') ? 'INVALID' : 'VALID',
    stability: reasons.some(({ weight }) => weight === 'unsteady') ? 'UNSTEADY' : 'STEADY',
    reasons,
  };
}

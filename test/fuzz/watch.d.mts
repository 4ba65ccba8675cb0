export interface Fault {
  readonly number: number;
  readonly what: string;
  readonly result: string;
}

export interface FuzzReport {
  readonly mutants: number;
  readonly results: Readonly<Record<string, number>>;
  readonly faults: readonly Fault[];
  readonly slowestMs: number;
  readonly peakRssMb: number;
}

export function watch(
  corpus: string,
  options: {
    readonly seed: number;
    readonly count: number;
    readonly first?: number;
    readonly chunk?: number;
  },
): Promise<FuzzReport>;

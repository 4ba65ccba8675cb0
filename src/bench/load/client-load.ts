import { readFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';

/** What the generator itself took during the measured phase. */
export interface ClientLoad {
  /** Processor time of this process, in cores. */
  readonly cpuCores: number;
  /** Busy share of its event loop. */
  readonly loopShare: number;
  readonly gcMaxMs: number;
  readonly gcTotalMs: number;
  /** Share of the machine's time that the hypervisor gave to others; undefined where it is not told. */
  readonly stealShare: number | undefined;
}

/** Starts watching; the function it returns ends it. */
export function watchClientLoad(): () => ClientLoad {
  const startCpu = process.cpuUsage();
  const startMs = performance.now();
  const startLoop = performance.eventLoopUtilization();
  const startTicks = readTicks();
  let gcMaxMs = 0;
  let gcTotalMs = 0;
  const count = (entries: readonly { readonly duration: number }[]): void => {
    for (const { duration } of entries) {
      gcMaxMs = Math.max(gcMaxMs, duration);
      gcTotalMs += duration;
    }
  };
  const observer = new PerformanceObserver((list) => count(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    count(observer.takeRecords());
    observer.disconnect();
    const cpu = process.cpuUsage(startCpu);
    const elapsedMs = Math.max(1, performance.now() - startMs);
    const endTicks = readTicks();
    const total = (endTicks?.total ?? 0) - (startTicks?.total ?? 0);
    return {
      cpuCores: (cpu.user + cpu.system) / 1e3 / elapsedMs,
      loopShare: performance.eventLoopUtilization(startLoop).utilization,
      gcMaxMs,
      gcTotalMs,
      stealShare: total > 0 ? (endTicks!.steal - startTicks!.steal) / total : undefined,
    };
  };
}

function readTicks(): { total: number; steal: number } | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    // user nice system idle iowait irq softirq steal; guest time after it is part of user already.
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    if (ticks.length < 8 || ticks.some(Number.isNaN)) return undefined;
    return { total: ticks.reduce((sum, value) => sum + value, 0), steal: ticks[7]! };
  } catch {
    return undefined;
  }
}

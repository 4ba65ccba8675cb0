import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Registry } from './registry.js';

/** Resolution of the event loop's delay in milliseconds; it is part of every reading. */
const RESOLUTION_MS = 10;

/** Records CPU time, memory and event loop delay of this process whenever a snapshot is taken. */
export function recordProcess(registry: Registry, worker: string): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
  const quantiles = [0.5, 0.99, 1].map(
    (quantile) => [quantile, registry.gauge('eventLoopDelaySeconds', worker, String(quantile))] as const,
  );
  const cpu = registry.counter('cpuSeconds', worker);
  const resident = registry.gauge('residentBytes', worker);
  registry.gauge('startSeconds', worker).set(Math.round(performance.timeOrigin / 1000));
  registry.onCollect(() => {
    const usage = process.cpuUsage();
    cpu.value = (usage.user + usage.system) / 1e6;
    resident.set(process.memoryUsage.rss());
    for (const [quantile, gauge] of quantiles) {
      gauge.set(
        delay.count === 0 ? 0 : seconds(quantile === 1 ? delay.max : delay.percentile(quantile * 100)),
      );
    }
    delay.reset();
  });
}

import type { ShedReason } from '../batch/core.js';
import type { BatchReport } from '../batch/scheduler.js';
import { VERSION } from '../convert/compiler-version.js';
import { recordProcess } from '../metrics/process-metrics.js';
import { type Counter, type Histogram, Registry } from '../metrics/registry.js';
import type { WorkerDirectory } from '../repository/directory.js';
import type { VersionState } from '../repository/types.js';
import { recordServingBatch } from './serving-batch-metrics.js';

const STATES: readonly VersionState[] = ['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'];

interface BatchInstruments {
  readonly rows: Histogram;
  readonly requests: Histogram;
  readonly padding: Counter;
}

/** The metrics of a worker that are not the wire's: batches, executors, model states, the process. */
export function createInstruments(worker: string, hasServingNames: boolean) {
  const registry = new Registry();
  let requests = 0;
  recordProcess(registry, worker);
  registry.gauge('info', VERSION, process.version).set(1);
  return {
    registry,
    /** Requests run or shed since the start. */
    countRequests: () => requests,
    loaded(model: string, version: string, ms: number): void {
      registry.gauge('modelLoadSeconds', model, version).set(ms / 1000);
    },
    /** What the scheduler of a version reports to; children are looked up once. */
    forVersion(model: string, version: string) {
      const busy = registry.counter('executorBusySeconds', model, version);
      const bySignature = new Map<string, BatchInstruments>();
      return {
        onBatch(report: BatchReport): void {
          requests += report.requests;
          if (hasServingNames) recordServingBatch(registry, report);
          busy.add(report.computeMs / 1000);
          let batch = bySignature.get(report.signature);
          if (batch === undefined) {
            batch = {
              rows: registry.histogram('batchRows', model, version, report.signature),
              requests: registry.histogram('batchRequests', model, version, report.signature),
              padding: registry.counter('paddingRows', model, version, report.signature),
            };
            bySignature.set(report.signature, batch);
          }
          batch.rows.observe(report.rows);
          batch.requests.observe(report.requests);
          if (report.paddedRows > report.rows) batch.padding.add(report.paddedRows - report.rows);
        },
        onShed(reason: ShedReason): void {
          requests++;
          registry.counter('shed', model, version, reason).add();
        },
      };
    },
    /** Reads queues and states whenever metrics are taken. */
    watch(directory: WorkerDirectory): void {
      registry.onCollect(() => {
        for (const servable of directory.listLoaded()) {
          const { model, version } = servable;
          registry.gauge('queueDepth', model, String(version)).set(servable.queuedRequests);
          registry.gauge('executors', model, String(version)).set(1);
        }
        for (const model of directory.models)
          for (const { version, state } of directory.status(model))
            for (const each of STATES)
              registry.gauge('modelState', model, String(version), each).set(each === state ? 1 : 0);
      });
    },
  };
}

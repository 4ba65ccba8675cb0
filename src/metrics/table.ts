/** One metric. Prometheus conventions: base units (seconds, bytes), `_total` on counters. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram, rising, without infinity. */
  readonly buckets?: readonly number[];
  /** How values of several workers become one: gauges add up unless the largest tells more. */
  readonly merge?: 'sum' | 'max';
  /** `serving`: a name of TensorFlow Serving, shown on its own path only. */
  readonly path?: 'serving';
}

const SECONDS = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;
const PHASE_SECONDS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
  0.25, 0.5, 1, 2.5, 5, 10,
] as const;
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;

/** TensorFlow Serving's exponential buckets: `first * growth^n`. */
function exponential(first: number, growth: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * growth ** index);
}

const perSignature = ['model', 'version', 'signature'] as const;
const perVersion = ['model', 'version'] as const;

/** Every metric of the product. A name outside this table can not be recorded. */
export const METRICS = {
  requests: {
    name: 'tfdeploy_requests_total',
    type: 'counter',
    labels: [...perSignature, 'api', 'protocol', 'status'],
    help: 'Requests answered, by gRPC status name. Requests for unknown models have an empty model label.',
  },
  requestSeconds: {
    name: 'tfdeploy_request_duration_seconds',
    type: 'histogram',
    labels: [...perVersion, 'api', 'protocol'],
    help: 'Time from the first byte of a request to its last answer byte handed to the kernel.',
    buckets: SECONDS,
  },
  phaseSeconds: {
    name: 'tfdeploy_phase_duration_seconds',
    type: 'histogram',
    labels: [...perVersion, 'phase'],
    help: 'Time of each phase of a prediction: read, decode, queue, compute, encode.',
    buckets: PHASE_SECONDS,
  },
  requestsInFlight: {
    name: 'tfdeploy_requests_in_flight',
    type: 'gauge',
    labels: ['protocol'],
    help: 'Requests being read, queued, computed or answered.',
  },
  receivedBytes: {
    name: 'tfdeploy_received_body_bytes_total',
    type: 'counter',
    labels: ['protocol'],
    help: 'Bytes of request bodies, after decompression.',
  },
  sentBytes: {
    name: 'tfdeploy_sent_body_bytes_total',
    type: 'counter',
    labels: ['protocol'],
    help: 'Bytes of answer bodies, before compression.',
  },
  connections: {
    name: 'tfdeploy_connections',
    type: 'gauge',
    labels: ['protocol'],
    help: 'Open client connections.',
  },
  badConnections: {
    name: 'tfdeploy_bad_connections_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Connections closed because of what the client sent: parse, header_overflow, timeout, reset.',
  },

  batchRows: {
    name: 'tfdeploy_batch_rows',
    type: 'histogram',
    labels: perSignature,
    help: 'Rows of the batches that were run, without padding.',
    buckets: ROWS,
  },
  batchRequests: {
    name: 'tfdeploy_batch_requests',
    type: 'histogram',
    labels: perSignature,
    help: 'Requests that shared a run.',
    buckets: ROWS,
  },
  paddingRows: {
    name: 'tfdeploy_batch_padding_rows_total',
    type: 'counter',
    labels: perSignature,
    help: 'Rows computed only to fill a batch up to an allowed size.',
  },
  queueDepth: {
    name: 'tfdeploy_queue_depth',
    type: 'gauge',
    labels: perVersion,
    help: 'Requests waiting for the executor.',
  },
  shed: {
    name: 'tfdeploy_shed_total',
    type: 'counter',
    labels: [...perVersion, 'reason'],
    help: 'Requests given up: full (queue), late (deadline can not be met), expired (deadline passed), cancelled (client left).',
  },
  executorBusySeconds: {
    name: 'tfdeploy_executor_busy_seconds_total',
    type: 'counter',
    labels: perVersion,
    help: 'Time the executors computed. Its rate over the number of executors is their busy ratio.',
  },
  executors: {
    name: 'tfdeploy_executors',
    type: 'gauge',
    labels: perVersion,
    help: 'Executor threads that can run the version.',
  },

  modelState: {
    name: 'tfdeploy_model_state',
    type: 'gauge',
    labels: [...perVersion, 'state'],
    help: '1 for the state a version is in: START, LOADING, AVAILABLE, UNLOADING, END.',
    merge: 'max',
  },
  modelLoadSeconds: {
    name: 'tfdeploy_model_load_seconds',
    type: 'gauge',
    labels: perVersion,
    help: 'Time the last load of the version took, conversion and warm-up included.',
    merge: 'max',
  },
  modelLoadFailures: {
    name: 'tfdeploy_model_load_failures_total',
    type: 'counter',
    labels: ['model'],
    help: 'Loads that failed.',
  },

  workers: {
    name: 'tfdeploy_workers',
    type: 'gauge',
    labels: ['state'],
    help: 'Worker processes by state: booting, ready, draining.',
  },
  workerRestarts: {
    name: 'tfdeploy_worker_restarts_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Workers replaced: exit, signal, timeout, memory, max_requests, reload.',
  },
  cpuSeconds: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    labels: ['worker'],
    help: 'User and system CPU time of the process.',
  },
  residentBytes: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    labels: ['worker'],
    help: 'Resident memory of the process.',
  },
  startSeconds: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    labels: ['worker'],
    help: 'Start of the process since the epoch.',
    merge: 'max',
  },
  eventLoopDelaySeconds: {
    name: 'tfdeploy_event_loop_delay_seconds',
    type: 'gauge',
    labels: ['worker', 'quantile'],
    help: 'Delay of the event loop since the last look: 0.5, 0.99 and 1 (the largest).',
    merge: 'max',
  },
  info: {
    name: 'tfdeploy_info',
    type: 'gauge',
    labels: ['version', 'node'],
    help: '1; the versions of tfdeploy and Node.js are labels.',
    merge: 'max',
  },

  servingRequestCount: {
    name: ':tensorflow:serving:request_count',
    type: 'counter',
    labels: ['model_name', 'status'],
    help: '',
    path: 'serving',
  },
  servingRequestLatency: {
    name: ':tensorflow:serving:request_latency',
    type: 'histogram',
    labels: ['model_name', 'API', 'entrypoint'],
    help: '',
    buckets: exponential(10, 1.8, 33),
    path: 'serving',
  },
  servingRuntimeLatency: {
    name: ':tensorflow:serving:runtime_latency',
    type: 'histogram',
    labels: ['model_name', 'API', 'runtime'],
    help: '',
    buckets: exponential(10, 1.8, 33),
    path: 'serving',
  },
  servingQueuingLatency: {
    name: ':tensorflow:serving:batching_session:queuing_latency',
    type: 'histogram',
    labels: ['thread_pool_name'],
    help: '',
    buckets: exponential(100, 1.2, 52),
    path: 'serving',
  },
  servingWrappedRunCount: {
    name: ':tensorflow:serving:batching_session:wrapped_run_count',
    type: 'counter',
    labels: [],
    help: '',
    path: 'serving',
  },
  servingPaddingSize: {
    name: ':tensorflow:serving:batching_session:padding_size',
    type: 'histogram',
    labels: ['execution_batch_size'],
    help: '',
    buckets: exponential(1, 2, 14),
    path: 'serving',
  },
  servingInputBatchSize: {
    name: ':tensorflow:serving:batching_session:input_batch_size',
    type: 'histogram',
    labels: [],
    help: '',
    buckets: exponential(1, 2, 14),
    path: 'serving',
  },
  servingProcessedBatchSize: {
    name: ':tensorflow:serving:batching_session:processed_batch_size',
    type: 'histogram',
    labels: [],
    help: '',
    buckets: exponential(1, 2, 14),
    path: 'serving',
  },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;

type NamesOfType<T extends MetricRow['type']> = {
  [K in MetricName]: (typeof METRICS)[K]['type'] extends T ? K : never;
}[MetricName];

export type CounterName = NamesOfType<'counter'>;
export type GaugeName = NamesOfType<'gauge'>;
export type HistogramName = NamesOfType<'histogram'>;

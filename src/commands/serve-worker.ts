import { setTimeout } from 'node:timers/promises';
import { createLog, type LogOptions } from '../base/log.js';
import type { BatchLimits } from '../batch/limits.js';
import type { EngineLocation } from '../engine/find.js';
import type { Device } from '../engine/types.js';
import type { GrpcOptions } from '../grpc/server.js';
import type { HttpOptions } from '../http/options.js';
import type { LoadedServable } from '../repository/servable.js';
import { findWarmUpFile } from '../repository/warm-up-file.js';

/** What a worker process is started with. JSON. */
export interface WorkerData {
  readonly id: number;
  readonly listenFd: number;
  readonly threads: number;
  readonly device: Device;
  readonly engine: EngineLocation;
  readonly limits: BatchLimits;
  readonly isBatching: boolean;
  readonly isWarmingUp: boolean;
  /** Passes over the recorded warm-up requests. */
  readonly warmUpPasses: number;
  readonly http: Partial<Omit<HttpOptions, 'registry' | 'collectMetrics' | 'onAccess' | 'onFault'>>;
  /** Absent: gRPC is off. */
  readonly grpc: GrpcData | undefined;
  readonly log: LogOptions;
  /** Where the access log goes; nowhere when absent. */
  readonly accessLog: LogOptions | undefined;
}

/** The gRPC interface of a worker. Keys are read from their file: arguments of a process are no secret. */
export interface GrpcData {
  readonly listenFds: readonly number[];
  readonly sslConfigFile: string | undefined;
  readonly options: Partial<Omit<GrpcOptions, 'registry' | 'tls' | 'reload' | 'onAccess' | 'onFault'>>;
}

const LEAVE_MS = 200;

/** A version that fails its own warm-up requests is closed again and not served. */
async function replayRecorded(servable: LoadedServable, file: string, passes: number): Promise<void> {
  try {
    const { replayWarmUp } = await import('../grpc/warm-up-records.js');
    await replayWarmUp(servable, file, passes);
  } catch (error) {
    await servable.close();
    throw error;
  }
}

/** The program of a worker process: models, scheduler and REST interface behind the shared socket. */
async function run(data: WorkerData): Promise<void> {
  // The engine's own thread starts first: it loads native code while this one loads the rest.
  const { prepareEngine } = await import('../engine/nursery.js');
  prepareEngine(data.engine);
  const {
    createExecutor,
    createGrpcDoor,
    createHttpServer,
    createInstruments,
    createWorkerDirectory,
    loadServable,
    openWorkerChannel,
    planDirOf,
    toWire,
  } = await import('./serve-parts.js');
  const log = createLog(data.log);
  const accessLog = data.accessLog === undefined ? undefined : createLog(data.accessLog);
  const channel = openWorkerChannel();
  const { registry, ...instruments } = createInstruments(
    String(data.id),
    data.http.servingMetricsPath !== undefined,
  );

  const directory = createWorkerDirectory(
    data.id,
    async (model, { version, modelDir, entryDir }, isBackground) => {
      const startMs = performance.now();
      const servable = await loadServable({
        model,
        version: BigInt(version),
        entryDir,
        limits: data.limits,
        isBatching: data.isBatching,
        isWarmingUp: data.isWarmingUp,
        isBackground,
        createExecutor: (planDir) =>
          createExecutor({
            planDir,
            threads: data.threads,
            device: data.device,
            engine: data.engine,
            compileVariant: async (signature, shapes) =>
              planDirOf(await channel.compileVariant(modelDir, signature, shapes)),
          }),
        ...instruments.forVersion(model, version),
      });
      const warmUpFile = data.isWarmingUp ? findWarmUpFile(modelDir) : undefined;
      if (warmUpFile !== undefined) await replayRecorded(servable, warmUpFile, data.warmUpPasses);
      const ms = performance.now() - startMs;
      instruments.loaded(model, version, ms);
      for (const [signature, error] of servable.cold)
        log.debug(`signature "${signature}" of model ${model} could not be warmed up: ${error.message}`);
      log.debug(`loaded version ${version} of model ${model}`, {
        ms: Math.round(ms),
        fullRows: Object.fromEntries(servable.fullRows),
      });
      return servable;
    },
    {
      loaded: (version) => channel.send({ kind: 'loaded', version }),
      failed: (version, error) => channel.send({ kind: 'load-failed', version, error: toWire(error) }),
      unloaded: (version) => channel.send({ kind: 'unloaded', version }),
      ready: () => channel.send({ kind: 'ready' }),
    },
  );
  instruments.watch(directory);

  const onFault = (error: unknown) =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const server = createHttpServer(directory, {
    ...data.http,
    registry,
    collectMetrics: channel.collectMetrics,
    onAccess: accessLog === undefined ? undefined : (entry) => accessLog.info('access', { ...entry }),
    onFault,
  });
  const { grpc } = data;
  const door = createGrpcDoor(
    async () => {
      const file = grpc?.sslConfigFile;
      const [{ createGrpcServer }, tls] = await Promise.all([
        import('../grpc/server.js'),
        file && import('../config/ssl-file.js').then(({ readSslConfig }) => readSslConfig(file)),
      ]);
      log.debug('gRPC is loaded for its first client');
      return createGrpcServer(directory, {
        ...grpc?.options,
        registry,
        tls: tls || undefined,
        reload: channel.replaceModels,
        onAccess: accessLog === undefined ? undefined : (entry) => accessLog.info('access', { ...entry }),
        onFault,
      });
    },
    grpc?.options.backlog ?? 0,
    onFault,
  );

  channel.serve({
    apply: (snapshot) => directory.apply(snapshot),
    async listen() {
      const [address] = await Promise.all([
        server.listen({ fd: data.listenFd }),
        ...(grpc?.listenFds ?? []).map((fd) => door.listen({ fd })),
      ]);
      return address ?? null;
    },
    async drain(deadlineMs) {
      directory.setDraining();
      // First every process leaves the port, then connections are closed: a client that comes back at once
      // finds another server or none, never a socket that nobody accepts from.
      server.stopListening();
      door.stopListening();
      await setTimeout(LEAVE_MS);
      await Promise.all([server.drain(deadlineMs - LEAVE_MS), door.drain(deadlineMs - LEAVE_MS)]);
      channel.send({ kind: 'metrics', id: 0, metrics: registry.snapshot() });
    },
    reopenLogs() {
      log.reopen();
      accessLog?.reopen();
    },
    release: (count) => server.release(count),
    takeMetrics: () => registry.snapshot(),
    beat() {
      const now = performance.now();
      const starts = directory.listLoaded().flatMap(({ oldestRunMs }) => oldestRunMs ?? []);
      return {
        requests: instruments.countRequests(),
        residentBytes: process.memoryUsage.rss(),
        connections: server.connections,
        oldestRunMs: starts.length === 0 ? 0 : now - Math.min(...starts),
      };
    },
  });
}

const text = process.argv[2];
// Imported for its types elsewhere; started with its data as a program.
if (process.send !== undefined && text !== undefined) await run(JSON.parse(text) as WorkerData);

/** What a worker is made of, as one module: it is loaded with one step, while the engine's thread starts. */
export { createExecutor } from '../engine/executor.js';
export { createGrpcDoor } from '../grpc/door.js';
export { createHttpServer } from '../http/server.js';
export { createWorkerDirectory } from '../repository/directory.js';
export { planDirOf } from '../repository/plan-cache.js';
export { loadServable } from '../repository/servable.js';
export { openWorkerChannel, toWire } from '../supervisor/worker.js';
export { createInstruments } from './serve-instruments.js';

import { MODEL_CONFIG_MESSAGES } from '../../src/repository/model-config-file.js';
import { defineSchema } from '../../src/savedmodel/wire/compile.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';
import type { Encodable } from '../../src/savedmodel/wire/schema.js';
import type { Server } from '../e2e/serve-harness.js';
import { GrpcClient } from '../grpc/client.js';
import { MODEL, predict, scalar } from './grpc-bench.js';

const SCHEMA = defineSchema(MODEL_CONFIG_MESSAGES);

export type Config = Encodable<typeof MODEL_CONFIG_MESSAGES, 'ModelConfig'>;

const clients: GrpcClient[] = [];

export function connect(server: Server): GrpcClient {
  const client = new GrpcClient(String(server.ready.grpc));
  clients.push(client);
  return client;
}

/** Closes the clients of a test. Call it in `afterEach`. */
export function closeClients(): void {
  for (const client of clients.splice(0)) client.close();
}

/** Asks a server to serve these models from now on. */
export function reload(to: GrpcClient, ...config: Config[]) {
  const models = config.map((each) => ({ model_platform: 'tensorflow', ...each }));
  return to.call(`${MODEL}/HandleReloadConfigRequest`, 'ReloadConfigRequest', 'ReloadConfigResponse', {
    config: encodeMessage(SCHEMA, 'ModelServerConfig', { model_config_list: { config: models } }),
  });
}

/** y for x = 2. */
export async function ask(from: GrpcClient, spec: Parameters<typeof predict>[1]): Promise<number> {
  const { outputs } = await predict(from, spec, { x: scalar(2) });
  return Number(outputs.get('y')?.data[0]);
}

import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { GRPC_SCHEMA, type GrpcMessage, type MessageIn, type MessageOut } from '../../src/grpc/messages.js';
import { decodeMessage } from '../../src/savedmodel/wire/decode.js';
import { encodeMessage } from '../../src/savedmodel/wire/encode.js';

const DEADLINE_MS = 5_000;

/** A gRPC client over the same message tables; answers decoded, errors as they come. */
export class GrpcClient {
  readonly #client: Client;

  /** A port of this machine, or an address as gRPC writes it. */
  constructor(at: number | string, channel: ChannelCredentials = credentials.createInsecure()) {
    const address = typeof at === 'number' ? `127.0.0.1:${at}` : at;
    this.#client = new Client(address, channel);
  }

  call<I extends GrpcMessage, O extends GrpcMessage>(
    path: string,
    request: I,
    answer: O,
    message: MessageOut<I>,
  ): Promise<MessageIn<O>> {
    return this.callBytes(path, encodeMessage(GRPC_SCHEMA, request, message)).then((bytes) =>
      decodeMessage(GRPC_SCHEMA, answer, bytes),
    );
  }

  callBytes(path: string, bytes: Uint8Array, deadlineMs = DEADLINE_MS): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        (value: Uint8Array) => Buffer.from(value),
        (value: Buffer) => new Uint8Array(value),
        bytes,
        new Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, value?: Uint8Array) =>
          error ? reject(error) : resolve(value ?? new Uint8Array()),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

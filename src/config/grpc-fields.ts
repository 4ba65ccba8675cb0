import { boolean, type Field, integer, text } from './field.js';

const ROW = { section: 'Listening', origin: 'TensorFlow Serving' } as const;

/** What `port: auto` stands for. */
export const FREE_PORT = -1;

/** Fields of the gRPC interface. */
export const GRPC_FIELDS = {
  port: integer({
    ...ROW,
    default: 8500,
    min: 0,
    max: 65535,
    words: { auto: FREE_PORT },
    about:
      'port of the gRPC interface; 0 turns it off, auto takes a free one, and so does the default when rest_api_port is 0',
  }),
  grpc_socket_path: text({ ...ROW, about: 'UNIX socket on which gRPC is answered beside the port' }),
  grpc_channel_arguments: text({
    ...ROW,
    default: '',
    about:
      'arguments of the gRPC server, `name=value` separated by commas: `grpc.max_connection_age_ms=2000`',
  }),
  enable_serialization_as_tensor_content: boolean({
    ...ROW,
    default: false,
    about: 'answers over gRPC carry numbers as `tensor_content` instead of the list of their type',
  }),
  ssl_config_file: text({
    ...ROW,
    about: 'text proto SSLConfig: key, certificate and client check of the gRPC port',
  }),
} as const satisfies Readonly<Record<string, Field>>;

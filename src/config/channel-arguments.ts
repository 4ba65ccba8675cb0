import { TfdeployError } from '../base/error.js';

export type ChannelArguments = Readonly<Record<string, string | number>>;

/** The arguments of gRPC that mean something to the server. */
const KNOWN: ReadonlySet<string> = new Set([
  'grpc.keepalive_permit_without_calls',
  'grpc.keepalive_time_ms',
  'grpc.keepalive_timeout_ms',
  'grpc.max_concurrent_streams',
  'grpc.max_connection_age_grace_ms',
  'grpc.max_connection_age_ms',
  'grpc.max_connection_idle_ms',
  'grpc.max_receive_message_length',
  'grpc.max_send_message_length',
]);

/**
 * Reads `--grpc_channel_arguments`, `name=value,name=value`; values that are integers become numbers, as in
 * TensorFlow Serving. `unread` lists the names that mean nothing here. TFD_CONFIG for text of another form.
 */
export function parseChannelArguments(text: string): {
  readonly known: ChannelArguments;
  readonly unread: readonly string[];
} {
  const known: Record<string, string | number> = {};
  const unread: string[] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const match = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(part);
    const [, name = '', value = ''] = match ?? [];
    if (match === null)
      throw new TfdeployError(
        'TFD_CONFIG',
        `grpc_channel_arguments: should be name=value separated by commas; has ${JSON.stringify(part)}`,
      );
    if (KNOWN.has(name)) known[name] = /^-?\d+$/.test(value) ? Number(value) : value;
    else unread.push(name);
  }
  return { known, unread };
}

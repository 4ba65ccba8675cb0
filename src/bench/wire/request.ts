import { TfdeployError } from '../../base/error.js';

/** The bytes of a POST, head and body in one buffer, so that sending is one write. */
export function writeRequest(
  host: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: tfdeploy-bench',
    'Accept: application/json',
    'Content-Type: application/json',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const OWN: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'content-type',
]);

/** `Name: value` of `--header`. TFD_USAGE for what would break the request apart, or is written anyway. */
export function parseHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon)).trim();
  const value = text.slice(colon + 1).trim();
  if (!TOKEN.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new TfdeployError('TFD_USAGE', `--header: '${text}' is not a header`, {
      hint: "write --header 'Authorization: Bearer …'",
    });
  }
  if (OWN.has(name.toLowerCase())) {
    throw new TfdeployError('TFD_USAGE', `--header: ${name} is set by bench itself`);
  }
  return [name, value];
}

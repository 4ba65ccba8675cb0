import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { TfdeployError } from '../base/error.js';
import { parseText } from '../savedmodel/text/parse.js';
import { defineSchema } from '../savedmodel/wire/compile.js';

const SCHEMA = defineSchema({
  SSLConfig: {
    server_key: [1, 'string'],
    server_cert: [2, 'string'],
    custom_ca: [3, 'string'],
    client_verify: [4, 'bool'],
  },
});

/** PEM texts of a TLS server. */
export interface TlsTexts {
  readonly key: string;
  readonly cert: string;
  /** Who signs clients' certificates; the system's list when absent. */
  readonly ca?: string;
  readonly verifyClient: boolean;
}

/** Reads TensorFlow Serving's text proto SSLConfig. TFD_CONFIG when it or the PEM texts in it are not valid. */
export function readSslConfig(path: string): TlsTexts {
  try {
    const config = parseText(SCHEMA, 'SSLConfig', readFileSync(path), { code: 'TFD_CONFIG' });
    const { server_key: key, server_cert: cert, custom_ca: ca, client_verify: verifyClient } = config;
    if (key === '' || cert === '') throw new Error('server_key and server_cert are both needed');
    if (verifyClient && ca === '') throw new Error('client_verify needs custom_ca');
    createSecureContext({ key, cert, ...(ca === '' ? {} : { ca }) });
    return { key, cert, verifyClient, ...(ca === '' ? {} : { ca }) };
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `ssl_config_file ${path}: ${(cause as Error).message}`, { cause });
  }
}

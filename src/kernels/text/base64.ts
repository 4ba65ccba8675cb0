import type { Kernel, KernelFamily } from '../types.js';
import { decodeLatin1, encodeUtf8 } from './bytes.js';
import { mapStrings } from './transform.js';

const WEB_SAFE = /^[A-Za-z0-9_-]*={0,2}$/;

/** DecodeBase64 reads the web-safe alphabet, with or without padding. */
const decodeBase64: Kernel = (context) => [
  mapStrings(context.strings(0), (bytes, index) => {
    const text = decodeLatin1(bytes);
    const body = text.replace(/=+$/, '');
    const isPaddedRight = body.length === text.length || text.length % 4 === 0;
    if (!WEB_SAFE.test(text) || body.length % 4 === 1 || !isPaddedRight) {
      throw context.fail(`element ${index} is not web-safe base64`);
    }
    return new Uint8Array(Buffer.from(body, 'base64url'));
  }),
];

const encodeBase64: Kernel = (context) => {
  const isPadded = context.attrs.bool('pad', false);
  return [
    mapStrings(context.strings(0), (bytes) => {
      const text = Buffer.from(bytes).toString('base64url');
      return encodeUtf8(isPadded ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text);
    }),
  ];
};

export const base64: KernelFamily = { DecodeBase64: decodeBase64, EncodeBase64: encodeBase64 };

import { readFileSync } from 'node:fs';
import { VERSION } from '../../convert/compiler-version.js';
import type { ServableDirectory } from '../../repository/types.js';
import type { Exchange } from '../exchange.js';
import { describeApi } from './openapi.js';

/** The page works offline: everything it needs comes from here, and it talks to nobody else. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";
const SAFE = ['Content-Security-Policy', POLICY, 'X-Content-Type-Options', 'nosniff'];

const FILES: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ['/docs', ['page.html', 'text/html; charset=utf-8']],
  ['/docs/page.css', ['page.css', 'text/css; charset=utf-8']],
  ['/docs/snippets.js', ['snippets.js', 'text/javascript; charset=utf-8']],
  ['/docs/page.js', ['page.js', 'text/javascript; charset=utf-8']],
]);

export function handleDocs(exchange: Exchange, directory: ServableDirectory, path: string): void {
  const file = FILES.get(path);
  if (file === undefined) {
    exchange.json(Buffer.from(`${JSON.stringify(describeApi(directory, VERSION))}\n`));
    return;
  }
  const [name, type] = file;
  exchange.answer(200, type, readFileSync(new URL(name, import.meta.url)), SAFE);
}

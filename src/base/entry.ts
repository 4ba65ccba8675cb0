import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The compiled file of a thread or process entry that lies beside `importMetaUrl`, bundled where there is a bundle, which
 * starts faster. Under a test runner the sources are loaded as TypeScript, which a new thread or
 * process can not: the built twin is taken then.
 */
export function entryPath(importMetaUrl: string, name: string): string {
  const path = fileURLToPath(new URL(name, importMetaUrl));
  const compiled = importMetaUrl.endsWith('.ts')
    ? path.replace(/(^|[\\/])src([\\/])(?!.*[\\/]src[\\/])/, '$1dist$2')
    : path;
  const bundled = compiled.replace(/([\\/])dist([\\/])(?!.*[\\/]dist[\\/])/, '$1dist$2programs$2');
  return existsSync(bundled) ? bundled : compiled;
}

/** The root folder of the package (the one with package.json, templates/ and dist/). */
export function packageRoot(): string {
  return fileURLToPath(new URL('../../', import.meta.url));
}

// Joins the modules of each program of `serve` into a few files: finding and reading hundreds of small ones takes a
// quarter of the CPU time of a cold start. They are written beside the compiled modules; `entryPath` prefers them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { rolldown } from 'rolldown';

const DIST = resolve('dist');
const PROGRAMS = resolve(DIST, 'programs');
/** Programs of their own, each bundled alone, so that none loads what only another one needs. */
const ENTRIES = [
  'cli/main',
  'commands/serve-worker',
  'repository/compile-entry',
  'engine/nursery-thread',
  'engine/executor-thread',
  'http/apart/decode-thread',
];

/** Stands for the bundle's own address while a module's is being looked for. */
const OWN_URL = '__OWN_URL__';

/** A module that looks for files beside itself keeps finding them: all bundled files lie two folders below dist/. */
const keepPlaces = {
  name: 'keep-places',
  transform(code, id) {
    if (!code.includes('import.meta')) return undefined;
    const place = JSON.stringify(`../../${relative(DIST, id).split(sep).join('/')}`);
    const kept = code.replaceAll('import.meta.url', `new URL(${place}, ${OWN_URL}).href`);
    if (kept.includes('import.meta'))
      throw new Error(`${id}: only import.meta.url is kept right in a bundle`);
    return kept.replaceAll(OWN_URL, 'import.meta.url');
  },
};

async function bundle(entry) {
  const build = await rolldown({
    input: { [entry]: resolve(DIST, `${entry}.js`) },
    platform: 'node',
    // Packages stay what npm installs.
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [keepPlaces],
    logLevel: 'silent',
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await build.close();
  return output;
}

const outputs = (await Promise.all(ENTRIES.map(bundle))).flat();
rmSync(PROGRAMS, { recursive: true, force: true });
for (const { fileName, code } of outputs) {
  const path = resolve(PROGRAMS, fileName);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}

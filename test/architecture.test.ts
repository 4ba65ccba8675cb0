import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', 'src');

/** A stage may import from itself, the stages in front of it, and its peers nowhere. */
const STAGES = [
  'base',
  'metrics',
  'savedmodel',
  'config',
  'kernels',
  'graph',
  'convert',
  'engine',
  'batch',
  'repository',
  'supervisor',
  'http',
  'grpc',
  'scaffold',
  'bench',
  'tune',
  'commands',
  'cli',
];

/** Contracts that are types only and may be named from an earlier stage. */
const TYPE_ONLY = new Set(['repository/types']);

const PURE_STAGES = new Set(['savedmodel', 'kernels', 'graph', 'convert']);
const FORBIDDEN_IN_PURE = /^(node:)?(net|http|https|http2|child_process|worker_threads|cluster|dgram|tls)$/;

function listSources(): string[] {
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

describe('the tree', () => {
  const sources = listSources();

  it('imports only point back along the way of the data', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const from = STAGES.indexOf(file.split('/')[0] ?? '');
      if (from === -1) wrong.push(`${file}: its folder is not a known stage`);
      for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
        const path = join(dirname(file), target).replace(/\.js$/, '');
        const to = STAGES.indexOf(path.split('/')[0] ?? '');
        if (to > from && !TYPE_ONLY.has(path)) wrong.push(`${file} imports ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reading and converting know no network and no process', () => {
    const wrong = sources
      .filter((file) => PURE_STAGES.has(file.split('/')[0] ?? ''))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => FORBIDDEN_IN_PURE.test(name))
          .map((name) => `${file}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('no hand-written file is above 400 lines', () => {
    const wrong = sources
      .filter((file) => !file.endsWith('.gen.ts'))
      .map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 401);
    expect(wrong).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface TestRegistry {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Packs a package whose native files are empty, with an install script that would leave a trace. */
function packEngine(dir: string, name: string, version: string): Buffer {
  const source = join(dir, 'package');
  for (const platform of [`${process.platform}/${process.arch}`, 'other/x64', `${process.platform}/other`]) {
    mkdirSync(join(source, 'bin/napi-v6', platform), { recursive: true });
    writeFileSync(join(source, 'bin/napi-v6', platform, 'onnxruntime_binding.node'), 'native');
  }
  writeFileSync(join(source, 'index.js'), 'module.exports = "loaded";\n');
  writeFileSync(
    join(source, 'package.json'),
    JSON.stringify({ name, version, main: 'index.js', scripts: { postinstall: 'exit 7' } }),
  );
  execFileSync('tar', ['czf', join(dir, 'package.tgz'), '-C', dir, 'package']);
  return readFileSync(join(dir, 'package.tgz'));
}

/** A registry of one package that npm installs from. `dir` is a folder of the test's own. */
export async function startRegistry(dir: string, name: string, version: string): Promise<TestRegistry> {
  mkdirSync(dir, { recursive: true });
  const tarball = packEngine(dir, name, version);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url?.endsWith('.tgz')) {
      response.end(tarball);
      return;
    }
    if (request.url !== `/${name}`) {
      response.writeHead(404).end('{}');
      return;
    }
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const dist = { tarball: `${url}/${name}.tgz`, integrity };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { name, version, dist } },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

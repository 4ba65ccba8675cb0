import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON, prepareModels } from '../flask-gunicorn/models.mjs';

const EXAMPLE = new URL('../../examples/digits/', import.meta.url);
const CNN = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle', 'load', 'cnn');

/**
 * Models by name: where each lies and the body of one of its requests. `digits` needs nothing but this repository;
 * `cnn` and those of flask-gunicorn are exported with TensorFlow when they are not there yet.
 */
const OWN = {
  digits() {
    const { instances } = JSON.parse(readFileSync(new URL('request.json', EXAMPLE), 'utf8'));
    return {
      folder: fileURLToPath(new URL('model', EXAMPLE)),
      body: JSON.stringify({ instances: instances.slice(0, 1) }),
    };
  },
  cnn() {
    if (!existsSync(join(CNN, 'saved_model.pb'))) {
      const script = fileURLToPath(new URL('./export_cnn.py', import.meta.url));
      const { status } = spawnSync(PYTHON, [script, CNN], { stdio: ['ignore', 2, 2] });
      if (status !== 0) throw new Error(`exporting cnn with ${PYTHON} ended with status ${status}`);
    }
    const pixel = (index) => Number((((index * 2654435761) >>> 8) / 2 ** 24).toFixed(7));
    const image = Array.from({ length: 32 }, (_, y) =>
      Array.from({ length: 32 }, (_, x) => [0, 1, 2].map((channel) => pixel((y * 32 + x) * 3 + channel))),
    );
    return { folder: CNN, body: JSON.stringify({ instances: [image] }) };
  },
};

export function findModels(names) {
  return names.map((name) => {
    if (OWN[name] !== undefined) return { name, ...OWN[name]() };
    const [{ folder, request }] = prepareModels([name]);
    return { name, folder, body: readFileSync(request, 'utf8') };
  });
}

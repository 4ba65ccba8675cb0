import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
export const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tf', 'bin', 'python');
const FOLDER = join(CACHE, 'flask-gunicorn');

/** The models, the shape of one row, and what is expected of tfdeploy against the classic recipe. */
export const MODELS = {
  toy: { title: 'toy 4-8-3', row: [4], leastRatio: 8, firstAnswerMs: 1_000 },
  mlp: { title: 'MLP 784-512-512-10', row: [784], leastRatio: 8, firstAnswerMs: 3_000 },
  mobilenetv2: { title: 'MobileNetV2', row: [224, 224, 3], leastRatio: 6, firstAnswerMs: 3_000 },
};

/** Exports what is not there yet, with real TensorFlow; the folder and the request of each model. */
export function prepareModels(names) {
  mkdirSync(FOLDER, { recursive: true });
  const missing = names.filter((name) => !existsSync(join(FOLDER, name, 'saved_model.pb')));
  if (missing.length > 0) {
    checkPython();
    console.error(`exporting ${missing.join(', ')} with TensorFlow…`);
    const script = fileURLToPath(new URL('./export_models.py', import.meta.url));
    const { status } = spawnSync(PYTHON, [script, FOLDER, ...missing], { stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error(`the export ended with status ${status}`);
  }
  return names.map((name) => {
    const request = join(FOLDER, `${name}.json`);
    writeFileSync(request, JSON.stringify({ instances: [makeRow(MODELS[name].row, makeRandom())] }));
    return { name, ...MODELS[name], folder: join(FOLDER, name), request };
  });
}

export function checkPython() {
  if (existsSync(PYTHON)) return;
  throw new Error(
    `${PYTHON} is absent: set TFDEPLOY_ORACLE_PYTHON to a Python with tensorflow, flask, gunicorn`,
  );
}

/** Seven digits a number, as a float32 has. */
function makeRow([size, ...rest], random) {
  return Array.from({ length: size }, () =>
    rest.length === 0 ? Number(random().toFixed(7)) : makeRow(rest, random),
  );
}

export function makeRandom() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

// Installs tfjs-node into the cache folder and builds its binding against the TensorFlow of the Python wheel:
//   node benchmarks/flask-gunicorn/install-tfjs-node.mjs
// Its own installer brings TensorFlow 2.9. Needs g++ and the headers of Node.js (npm's `nodedir`, or beside node).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PYTHON } from './models.mjs';
import { TFJS_FOLDER } from './tfjs-folder.mjs';

const run = (command, args, options) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options }).trim();

mkdirSync(TFJS_FOLDER, { recursive: true });
writeFileSync(join(TFJS_FOLDER, 'package.json'), '{"private": true}\n');
const packages = ['@tensorflow/tfjs-node@4.22.0'];
run('npm', ['install', '--ignore-scripts', '--no-fund', '--no-audit', ...packages], { cwd: TFJS_FOLDER });

const tensorflow = run(PYTHON, ['-c', 'import tensorflow, os; print(os.path.dirname(tensorflow.__file__))']);
const prefixes = [process.env.npm_config_nodedir, dirname(dirname(process.execPath)), '/usr'];
const headers = prefixes
  .filter((prefix) => prefix !== undefined)
  .map((prefix) => join(prefix, 'include', 'node'))
  .find((folder) => existsSync(join(folder, 'node_api.h')));
if (headers === undefined) throw new Error('the headers of Node.js are not there: set npm_config_nodedir');

const root = join(TFJS_FOLDER, 'node_modules', '@tensorflow', 'tfjs-node');
const out = join(root, 'lib', 'napi-v8');
mkdirSync(out, { recursive: true });
run('g++', [
  ...['-O2', '-shared', '-fPIC', '-std=c++17', '-DNAPI_VERSION=8'],
  ...[`-I${headers}`, `-I${join(tensorflow, 'include')}`, `-I${root}`],
  ...[join(root, 'binding', 'tfjs_backend.cc'), join(root, 'binding', 'tfjs_binding.cc')],
  ...[
    `-L${tensorflow}`,
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    `-Wl,-rpath,${tensorflow}`,
  ],
  ...['-o', join(out, 'tfjs_binding.node')],
]);
console.log(`tfjs-node is in ${TFJS_FOLDER}`);

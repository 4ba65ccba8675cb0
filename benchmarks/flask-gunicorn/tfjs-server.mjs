// The server one writes by hand over tfjs-node: node:http in as many processes as MODEL_WORKERS says.
//   MODEL_DIR=model MODEL_WORKERS=2 node tfjs-server.mjs
import cluster from 'node:cluster';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TFJS_FOLDER } from './tfjs-folder.mjs';

const workers = Number(process.env.MODEL_WORKERS);

if (cluster.isPrimary) {
  let ready = 0;
  for (let i = 0; i < workers; i++) {
    cluster.fork().on('listening', ({ port }) => {
      if (++ready === workers) console.log(`listening http://127.0.0.1:${port}`);
    });
  }
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGKILL');
    process.exit(0);
  });
} else {
  const tf = createRequire(join(TFJS_FOLDER, 'package.json'))('@tensorflow/tfjs-node');
  const model = await tf.node.loadSavedModel(process.env.MODEL_DIR, ['serve'], 'serving_default');
  const predict = async (body) => {
    const rows = tf.tensor(JSON.parse(body).instances, undefined, 'float32');
    const outputs = model.predict(rows);
    const output = outputs instanceof tf.Tensor ? outputs : Object.values(outputs)[0];
    const predictions = await output.array();
    tf.dispose([rows, outputs]);
    return JSON.stringify({ predictions });
  };
  http
    .createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', async () => {
        const answer = await predict(Buffer.concat(chunks).toString());
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(answer);
      });
    })
    .listen(0, '127.0.0.1');
}

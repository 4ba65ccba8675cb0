// Predict calls over gRPC without a gRPC library, so that the generator takes little of the machine:
// grpc-load.mjs ADDRESS MODEL INPUT COLUMNS SECONDS. Prints the calls, how many failed, and the seconds, as JSON.
import { connect } from 'node:http2';
import { makeRandom } from '../flask-gunicorn/models.mjs';

const dist = (path) => import(new URL(`../../dist/${path}`, import.meta.url));
const { numericTensor } = await dist('base/tensor.js');
const { GRPC_SCHEMA } = await dist('grpc/messages.js');
const { encodeTensor } = await dist('grpc/tensor-proto.js');
const { encodeMessage } = await dist('savedmodel/wire/encode.js');

const SESSIONS = 4;
const STREAMS = 8;
const [address, model, input, columns, seconds] = process.argv.slice(2);
const row = Float32Array.from({ length: Number(columns) }, makeRandom());
const request = encodeMessage(GRPC_SCHEMA, 'PredictRequest', {
  model_spec: { name: model, signature_name: 'serving_default' },
  inputs: new Map([[input, encodeTensor(numericTensor('float32', [1, row.length], row), true)]]),
});
const message = Buffer.alloc(5 + request.length);
message.writeUInt32BE(request.length, 1);
message.set(request, 5);
const headers = {
  ':method': 'POST',
  ':path': '/tensorflow.serving.PredictionService/Predict',
  'content-type': 'application/grpc',
  te: 'trailers',
  'grpc-timeout': '20S',
};

let isOver = false;
let open = 0;
let calls = 0;
let failed = 0;

function call(session, done) {
  open++;
  const stream = session.request(headers);
  let status;
  stream.on('response', (fields) => {
    status = fields['grpc-status'];
  });
  stream.on('trailers', (fields) => {
    status = fields['grpc-status'];
  });
  stream.on('error', () => {});
  stream.on('close', () => {
    open--;
    calls++;
    if (status !== '0') failed++;
    if (!isOver) call(session, done);
    else if (open === 0) done();
  });
  stream.resume();
  stream.end(message);
}

const startMs = performance.now();
const sessions = Array.from({ length: SESSIONS }, () => connect(`http://${address}`));
for (const session of sessions)
  session.on('close', () => {
    if (!isOver) throw new Error(`the server ended a connection after ${calls} calls, ${failed} failed`);
  });
await new Promise((resolve) => {
  for (const session of sessions) for (let stream = 0; stream < STREAMS; stream++) call(session, resolve);
  setTimeout(() => {
    isOver = true;
  }, Number(seconds) * 1000);
});
console.log(JSON.stringify({ requests: calls, failed, seconds: (performance.now() - startMs) / 1000 }));
for (const session of sessions) session.close();

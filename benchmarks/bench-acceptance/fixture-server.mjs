// A server of known behaviour, in a process of its own: it answers every POST after DELAY_MS, and blocks once
// for STALL_MS when STALL_AT_MS have passed since its first request. `GET /arrivals` tells when requests came.
import { createServer } from 'node:net';
import { isMainThread, parentPort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';

const DELAY_MS = Number(process.env.DELAY_MS ?? 0);
const STALL_AT_MS = Number(process.env.STALL_AT_MS ?? -1);
const STALL_MS = Number(process.env.STALL_MS ?? 1000);

/** One clock for both threads; `performance.now` has a zero of its own in each. */
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1e3;

if (isMainThread) serve();
else keepTime(workerData);

function serve() {
  const body = '{"predictions":[0]}';
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const waiting = [];
  const arrivals = [];
  let stalled = STALL_AT_MS < 0;
  const reply = DELAY_MS > 0 ? startTimekeeper(waiting, answer) : (socket) => socket.write(answer);

  const take = (socket, head) => {
    if (head.startsWith('GET')) {
      const json = JSON.stringify(arrivals);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${json.length}\r\n\r\n${json}`);
      return;
    }
    const at = nowMs();
    arrivals.push(at);
    if (!stalled && at - arrivals[0] >= STALL_AT_MS) {
      stalled = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
    }
    reply(socket);
  };

  const server = createServer({ noDelay: true }, (socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (;;) {
        const end = text.indexOf('\r\n\r\n');
        if (end === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        const head = text.slice(0, end);
        text = text.slice(end + 4 + length);
        take(socket, head);
      }
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(JSON.stringify({ event: 'ready', port: server.address().port }));
  });
  process.on('SIGTERM', () => process.exit(0));
}

/** Answers are due in the order of the requests, since the delay is the same for all. */
function startTimekeeper(waiting, answer) {
  const ticks = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: ticks });
  const listen = (seen) => {
    const { async: isAsync, value } = Atomics.waitAsync(ticks, 0, seen);
    (isAsync ? value : new Promise(setImmediate)).then(() => {
      const next = Atomics.load(ticks, 0);
      const now = nowMs();
      while (waiting.length > 0 && waiting[0].dueMs <= now) waiting.shift().socket.write(answer);
      listen(next);
    });
  };
  listen(0);
  return (socket) => {
    const dueMs = nowMs() + DELAY_MS;
    waiting.push({ dueMs, socket });
    worker.postMessage(dueMs);
    Atomics.add(ticks, 1, 1);
    Atomics.notify(ticks, 1);
  };
}

/** Sleeps to each due time in its own thread: a timer of the event loop would round to milliseconds. */
function keepTime(ticks) {
  const due = [];
  for (;;) {
    const seen = Atomics.load(ticks, 1);
    for (let got = receiveMessageOnPort(parentPort); got; got = receiveMessageOnPort(parentPort)) {
      due.push(got.message);
    }
    if (due.length === 0) {
      Atomics.wait(ticks, 1, seen);
      continue;
    }
    // Up to 0.01 ms past it, so that rounding never lets the server see it as not yet due.
    const left = due[0] + 0.01 - nowMs();
    if (left > 0) {
      Atomics.wait(ticks, 1, seen, left);
      continue;
    }
    due.shift();
    Atomics.add(ticks, 0, 1);
    Atomics.notify(ticks, 0);
  }
}

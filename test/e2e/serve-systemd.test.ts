import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openListener } from '../../src/supervisor/listener.js';
import { requireProgram } from '../fixtures/require-program.js';
import {
  BIN,
  cleanUp,
  dropCache,
  endLater,
  send,
  startServe,
  tempFolder,
  until,
  writeLinear,
} from './serve-harness.js';

const LIMIT = 90_000;
const hasNotify = requireProgram('systemd-notify') && requireProgram('python3');

afterEach(cleanUp);
afterAll(dropCache);

function modelDir(): string {
  const base = tempFolder();
  writeLinear(join(base, '1'), 10);
  return base;
}

/** Node.js has no UNIX datagram sockets: another program prints what systemd would receive. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(65536).decode().replace("\\n", " "), flush=True)
`;

async function receiveNotices(path: string): Promise<string[]> {
  const child = spawn('python3', ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  endLater(child.pid ?? 0);
  const notices: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => notices.push(line));
  await until(() => notices.length === 1);
  return notices;
}

describe('tfdeploy serve under systemd', () => {
  it('takes a socket of systemd', { timeout: LIMIT }, async () => {
    const listener = await openListener('127.0.0.1', 0);
    const server = await startServe([`linear=${modelDir()}`], {
      // LISTEN_PID is the process itself, so a shell sets it and becomes that process.
      command: ['sh', '-c', `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"`, process.execPath, BIN],
      descriptors: [listener.fd],
    });
    const { port } = listener.address as { port: number };
    expect(server.url).toBe(`http://127.0.0.1:${port}`);
    expect((await send(`${server.url}/v1/models/linear:predict`, '{"instances": [[1, 2]]}')).status).toBe(
      200,
    );
    listener.close();
  });

  it.skipIf(!hasNotify)(
    'tells systemd when it is ready, alive, reloading and stopping',
    { timeout: LIMIT },
    async () => {
      const path = join(tempFolder(), 'notify');
      const notices = await receiveNotices(path);
      const has = (text: string) => notices.some((notice) => notice.includes(text));
      const server = await startServe([`linear=${modelDir()}`, '--workers', '1'], {
        env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' },
      });
      await until(() => has(`READY=1 STATUS=serving with 1 workers MAINPID=${server.child.pid}`));
      await until(() => has('WATCHDOG=1'));
      server.child.kill('SIGHUP');
      await until(() => has('RELOADING=1') && has('STATUS=serving'));
      server.child.kill('SIGTERM');
      expect(await server.ended).toBe(0);
      await until(() => has('STOPPING=1'));
    },
  );
});

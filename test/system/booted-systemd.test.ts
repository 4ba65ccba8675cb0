import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, send, startLoad, tempFolder, until, writeLinear } from '../e2e/serve-harness.js';
import { bootSystemd, type Container, explainNoContainer } from './systemd-container.js';

const obstacle = explainNoContainer();
if (obstacle !== undefined) console.warn(`SKIPPED: no systemd is booted: ${obstacle}`);

const LIMIT = 120_000;
const UNIT = 'linear';
const PROJECT = '/srv/linear-serving';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The units that `tfdeploy init` writes, under a systemd that is PID 1. */
describe.skipIf(obstacle !== undefined)('tfdeploy under a booted systemd', () => {
  let container: Container;
  let url = '';
  let restPort = 0;

  const show = (property: string) => container.show(UNIT, property);
  const mainPid = async () => {
    const pid = Number(await show('MainPID'));
    // Signals to pid 0 would go to whoever runs these tests.
    if (pid > 1) return pid;
    throw new Error(`${UNIT} has no main process: it is ${await show('ActiveState')}`);
  };
  const workers = async () =>
    (await container.run(`pgrep --parent ${await mainPid()} --full serve-worker || true`))
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  const answer = () => send(`${url}/v1/models/${UNIT}:predict`, '{"instances": [[1, 2]]}');
  const dropIn = (text: string) =>
    container.run(
      `mkdir -p /run/systemd/system/${UNIT}.service.d && printf '[Service]\\n${text}\\n' > /run/systemd/system/${UNIT}.service.d/test.conf && systemctl daemon-reload`,
    );

  beforeAll(async () => {
    const models = tempFolder();
    writeLinear(join(models, '1'), 10);
    // The service's transient user reads it.
    for (const dir of [models, join(models, '1')]) chmodSync(dir, 0o755);
    container = await bootSystemd(models);
    restPort = await freePort();
    url = `http://127.0.0.1:${restPort}`;
    await container.run(
      `mkdir -p ${PROJECT}/node_modules && cd ${PROJECT} && ln -s /opt/tfdeploy node_modules/tfdeploy && ln -s /srv/models /srv/${UNIT} && ` +
        `node /opt/tfdeploy/bin/tfdeploy.js init . --model /srv/${UNIT} --target vm --rest-port ${restPort} --grpc-port ${await freePort()} --yes && ` +
        `cp deploy/systemd/${UNIT}.service deploy/systemd/${UNIT}.socket /etc/systemd/system/ && systemctl daemon-reload`,
    );
  }, LIMIT);

  afterAll(async () => {
    await container?.stop();
    cleanUp();
  }, LIMIT);

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      console.error(await container.run('journalctl --no-pager -n 80 -o cat'));
  });

  it('asks for more time while it loads (EXTEND_TIMEOUT_USEC)', { timeout: LIMIT }, async () => {
    await dropIn('TimeoutStartSec=8');
    await container.run(`systemctl start ${UNIT}.socket && systemctl start --no-block ${UNIT}`);
    const startMs = performance.now();
    await until(async () => (await workers()).length > 0);
    // Longer than TimeoutStartSec nothing comes of the workers.
    const held = (await workers()).join(' ');
    await container.run(`kill -STOP ${held}`);
    await until(() => performance.now() - startMs > 14_000);
    expect(await show('ActiveState')).toBe('activating');
    await container.run(`kill -CONT ${held}`);
    await until(async () => (await show('ActiveState')) === 'active');
    expect(await show('NRestarts')).toBe('0');
  });

  it('is active when it answers, says what it is doing, and can be asked over its control socket', {
    timeout: LIMIT,
  }, async () => {
    await dropIn('WatchdogSec=3\\nTimeoutAbortSec=3');
    await container.run(`systemctl restart ${UNIT}`);
    expect((await answer()).status).toBe(200);
    expect(await show('StatusText')).toMatch(/^serving with \d+ workers$/);
    expect(await container.run(`cat /proc/${await mainPid()}/comm`)).toBe('node');
    const socket = `/run/tfdeploy-${UNIT}/tfdeploy-${restPort}.ctl`;
    const status = await container.run(
      `node /opt/tfdeploy/bin/tfdeploy.js ctl status --json --socket ${socket}`,
    );
    expect(JSON.parse(status).models).toMatchObject([{ name: UNIT, versions: [{ state: 'AVAILABLE' }] }]);
  });

  it.each([true, false])(
    'acceptance 7: systemctl restart under load loses no request (keep-alive: %s)',
    {
      timeout: LIMIT,
    },
    async (keepAlive) => {
      const load = startLoad(url, 8, () => [10], { keepAlive });
      await until(() => load.answered() > 100);
      const before = await mainPid();
      await container.run(`systemctl restart ${UNIT}`);
      expect(await mainPid()).not.toBe(before);
      const after = load.answered();
      await until(() => load.answered() > after + 100);
      await load.stop();
      expect(load.failures).toEqual([]);
    },
  );

  it('systemctl reload under load replaces the workers and loses no request', {
    timeout: LIMIT,
  }, async () => {
    const [main, old] = [await mainPid(), await workers()];
    const load = startLoad(url, 8, () => [10]);
    await container.run(`systemctl reload ${UNIT}`);
    await until(async () => {
      const now = await workers();
      return now.length >= old.length && now.every((pid) => !old.includes(pid));
    });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await mainPid()).toBe(main);
  });

  it('acceptance 8: MAINPID follows an upgrade (USR2, TERM), the watchdog too, and no request is lost', {
    timeout: LIMIT,
  }, async () => {
    const old = await mainPid();
    const load = startLoad(url, 8, () => [10]);
    await container.run(`kill -USR2 ${old}`);
    await until(async () => (await mainPid()) !== old);
    await container.run(`kill -TERM ${old}`);
    await until(async () => (await container.run(`test -d /proc/${old} && echo there || true`)) === '');
    const ping = Number(await show('WatchdogTimestampMonotonic'));
    // The old one's last ping is older than WatchdogSec by then.
    await until(async () => Number(await show('WatchdogTimestampMonotonic')) > ping + 4_000_000);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([await show('ActiveState'), await show('SubState')]).toEqual(['active', 'running']);
    expect(await show('NRestarts')).toBe('0');
  });

  it('kill -9 of a worker: it is replaced, the service stays', { timeout: LIMIT }, async () => {
    const main = await mainPid();
    const before = await workers();
    await container.run(`kill -9 ${before[0]}`);
    await until(async () => {
      const now = await workers();
      return now.length === before.length && !now.includes(before[0] ?? 0);
    });
    expect((await answer()).status).toBe(200);
    expect(await mainPid()).toBe(main);
  });

  it('kill -9 of the supervisor: systemd starts it again, clients wait in the socket', {
    timeout: LIMIT,
  }, async () => {
    const main = await mainPid();
    const old = await workers();
    await container.run(`kill -9 ${main}`);
    await until(async () => (await show('NRestarts')) === '1');
    expect((await answer()).status).toBe(200);
    await until(async () => (await show('ActiveState')) === 'active');
    const gone = old.map((pid) => `test -d /proc/${pid} && echo ${pid}`).join('; ');
    await until(async () => (await container.run(`${gone}; true`)) === '');
  });

  it('a supervisor that stands still is ended by the watchdog and started again', {
    timeout: LIMIT,
  }, async () => {
    const main = await mainPid();
    await container.run(`kill -STOP ${main}`);
    await until(async () => (await show('NRestarts')) === '2');
    await until(async () => (await show('ActiveState')) === 'active' && (await mainPid()) !== main);
    expect((await answer()).status).toBe(200);
    expect(await container.run(`journalctl --no-pager -o cat -u ${UNIT}`)).toContain('Watchdog timeout');
  });

  it('systemctl stop under load drains: no request is lost, status 0', { timeout: LIMIT }, async () => {
    const load = startLoad(url, 8, () => [10], { canEnd: true });
    await until(() => load.answered() > 100);
    // The other way round a client that comes back would start the service again.
    await container.run(`systemctl stop ${UNIT}.socket && systemctl stop ${UNIT}.service`);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([await show('ActiveState'), await show('Result'), await show('ExecMainStatus')]).toEqual([
      'inactive',
      'success',
      '0',
    ]);
  });
});

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { requireProgram } from '../fixtures/require-program.js';

const REPO = join(import.meta.dirname, '..', '..');
/** A Debian root with systemd, made once by .ci/run. */
const ROOT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle', 'systemd-root');
const BOOT_MS = 60_000;
const COMMAND_MS = 90_000;

/** Why no container with a systemd of its own can be booted here; undefined when it can. */
export function explainNoContainer(): string | undefined {
  if (!requireProgram('systemd-nspawn') || !requireProgram('nsenter'))
    return 'systemd-container is not installed';
  const isAllowed = spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0;
  if (!isAllowed) return 'this account may not make namespaces';
  if (existsSync(join(ROOT, 'usr/lib/systemd/systemd'))) return undefined;
  if (process.env.CI === 'true') throw new Error(`${ROOT} is missing: .ci/run makes it`);
  return `${ROOT} is missing: .ci/run makes it`;
}

/** Two containers in one control group would end each other's services. $1 is the group's name. */
const ENTER_GROUP = `name=$1; shift
for tree in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  [ -w $tree/cgroup.procs ] && mkdir -p $tree/$name && echo $$ > $tree/$name/cgroup.procs
done
exec "$@"`;
const REMOVE_GROUP =
  'find /sys/fs/cgroup/$1 /sys/fs/cgroup/unified/$1 /sys/fs/cgroup/systemd/$1 -depth -type d -exec rmdir {} + 2>/dev/null';

export interface Container {
  /** Runs a shell command inside; throws when it fails. Returns what it printed. */
  run(command: string): Promise<string>;
  /** A property of a unit, as `systemctl show` prints it. */
  show(unit: string, property: string): Promise<string>;
  stop(): Promise<void>;
}

async function waitFor<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const endMs = performance.now() + BOOT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${BOOT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function firstChild(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? undefined : Number(text.split(' ')[0]);
  } catch {
    return undefined;
  }
}

function isInit(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function runWithin(leader: number, command: string): Promise<{ status: number | null; output: string }> {
  const child = spawn('nsenter', ['--target', `${leader}`, '--all', 'sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_MS,
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, output })));
}

async function endContainer(nspawn: ChildProcess, leader: number, group: string): Promise<void> {
  const ended = new Promise((resolve) => nspawn.once('close', resolve));
  nspawn.kill('SIGTERM');
  const timer = setTimeout(() => {
    // The end of the first process of a PID namespace is the end of all.
    process.kill(leader, 'SIGKILL');
    nspawn.kill('SIGKILL');
  }, 20_000);
  await ended;
  clearTimeout(timer);
  spawnSync('sh', ['-c', REMOVE_GROUP, 'sh', group]);
}

/**
 * Boots systemd as PID 1 of namespaces of its own, on a root that forgets every change. Node.js and this repository
 * (`/opt/tfdeploy`) are mounted read-only, and so is `modelsDir` (`/srv/models`); the network is that of the host.
 */
export async function bootSystemd(modelsDir: string): Promise<Container> {
  const group = `tfdeploy-test-${process.pid}`;
  const nspawn = spawn(
    'sh',
    [
      '-c',
      ENTER_GROUP,
      'sh',
      group,
      'systemd-nspawn',
      '--quiet',
      '--boot',
      `--directory=${ROOT}`,
      '--volatile=overlay',
      '--register=no',
      '--keep-unit',
      '--console=pipe',
      `--bind-ro=${process.execPath}:/usr/bin/node`,
      `--bind-ro=${REPO}:/opt/tfdeploy`,
      `--bind-ro=${modelsDir}:/srv/models`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [nspawn.stdout, nspawn.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const leader = await waitFor('the container', () => {
    if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended: ${said}`);
    const pid = firstChild(nspawn.pid ?? 0);
    // At first there is a helper that sets the container up.
    return pid !== undefined && isInit(pid) ? pid : undefined;
  });
  await waitFor('the boot', async () => {
    const { output } = await runWithin(leader, 'systemctl is-system-running');
    return /^(running|degraded)/.test(output) ? true : undefined;
  }).catch(async (error: Error) => {
    await endContainer(nspawn, leader, group);
    throw new Error(`${error.message}\n${said}`);
  });

  const run = async (command: string): Promise<string> => {
    const { status, output } = await runWithin(leader, command);
    if (status === 0) return output.trim();
    const journal = await runWithin(leader, 'journalctl --no-pager -n 60 -p info -o cat');
    throw new Error(`${command}: status ${status}\n${output}\n-- journal\n${journal.output}`);
  };
  return {
    run,
    show: (unit, property) => run(`systemctl show --value --property=${property} ${unit}`),
    stop: () => endContainer(nspawn, leader, group),
  };
}

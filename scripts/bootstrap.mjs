// Brings a bare clone to a built state: installs when the lock file is newer than node_modules, then builds.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

function mtimeMs(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function run(command, args) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (mtimeMs('node_modules/.package-lock.json') < mtimeMs('package-lock.json')) {
  console.error('installing dependencies…');
  // Not `npm ci`: it refuses a lock file written where the registry lacked another platform's packages.
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit']);
}
console.error('building…');
run('npm', ['run', '--silent', 'build']);

import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseCpuList, parseCpuMax, readCgroupLimits } from '../../src/base/cgroup.js';
import { describeMachine, readMachine } from '../../src/base/machine.js';

const GIB = 2 ** 30;
const NODE = {
  logicalCores: 16,
  parallelism: 16,
  totalMemoryBytes: 64 * GIB,
  freeMemoryBytes: 32 * GIB,
};

function readerOf(files: Record<string, string>) {
  return (path: string) => files[path];
}

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const V1_MOUNTS = [
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');

describe('parseCpuList', () => {
  it.each([
    ['0-1', [0, 1]],
    ['0,2-3,7\n', [0, 2, 3, 7]],
    ['5', [5]],
  ])('%s', (text, expected) => expect(parseCpuList(text)).toEqual(expected));
  it('refuses other text', () => expect(parseCpuList('all')).toBeUndefined());
});

describe('parseCpuMax', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['25000 100000', 0.25],
    ['max 100000', undefined],
    ['', undefined],
  ])('%s', (text, expected) => expect(parseCpuMax(text)).toBe(expected));
});

describe('readCgroupLimits', () => {
  it('takes the smallest limit of all ancestors (v2)', () => {
    const limits = readCgroupLimits(
      readerOf({
        '/proc/self/mountinfo': V2_MOUNT,
        '/proc/self/cgroup': '0::/system.slice/app.service\n',
        '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu memory\n',
        '/sys/fs/cgroup/system.slice/cpu.max': '200000 100000\n',
        '/sys/fs/cgroup/system.slice/app.service/cpu.max': '350000 100000\n',
        '/sys/fs/cgroup/system.slice/app.service/memory.max': 'max\n',
        '/sys/fs/cgroup/system.slice/memory.max': `${2 * GIB}\n`,
        '/sys/fs/cgroup/system.slice/memory.current': `${GIB}\n`,
        '/sys/fs/cgroup/system.slice/memory.stat': `anon 1\ninactive_file ${GIB / 2}\n`,
      }),
    );
    expect(limits).toEqual({
      version: 2,
      quotaCores: 2,
      memoryLimitBytes: 2 * GIB,
      memoryUsedBytes: GIB / 2,
    });
  });

  it('reads v1 beside an empty unified hierarchy', () => {
    const limits = readCgroupLimits(
      readerOf({
        '/proc/self/mountinfo': V1_MOUNTS,
        '/proc/self/cgroup': '4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n',
        '/sys/fs/cgroup/unified/cgroup.controllers': '\n',
        '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '536870912\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      }),
    );
    expect(limits).toEqual({ version: 1, quotaCores: 0.5, memoryLimitBytes: 536870912 });
  });

  it('follows a mount that shows only the group itself, as in a container', () => {
    const limits = readCgroupLimits(
      readerOf({
        '/proc/self/mountinfo': '30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n',
        '/proc/self/cgroup': '0::/docker/abc/inner\n',
        '/sys/fs/cgroup/inner/cpu.max': '100000 100000\n',
        '/sys/fs/cgroup/cpu.max': '300000 100000\n',
        '/sys/fs/cgroup/cgroup.controllers': 'cpu\n',
      }),
    );
    expect(limits).toEqual({ version: 2, quotaCores: 1 });
  });

  it('climbs no further than the mount for a group outside of it', () => {
    const limits = readCgroupLimits(
      readerOf({
        '/proc/self/mountinfo': V2_MOUNT,
        '/proc/self/cgroup': '0::/../../other\n',
        '/sys/fs/cgroup/cpu.max': '300000 100000\n',
        '/sys/fs/cgroup/cgroup.controllers': 'cpu\n',
      }),
    );
    expect(limits.quotaCores).toBe(3);
  });

  it('finds no limit where there are no control groups', () => {
    expect(readCgroupLimits(() => undefined)).toEqual({ version: undefined });
  });
});

describe('describeMachine', () => {
  const status = 'Name:\tnode\nCpus_allowed_list:\t0-3\n';
  const siblings = (pairs: string[]) =>
    Object.fromEntries(
      pairs.map((pair, cpu) => [`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, pair]),
    );

  it('plans for physical cores within the affinity', () => {
    const facts = describeMachine(
      readerOf({ '/proc/self/status': status, ...siblings(['0-1', '0-1', '2-3', '2-3']) }),
      NODE,
    );
    expect(facts).toMatchObject({ logicalCores: 16, allowedCores: 4, physicalCores: 2, usableCores: 2 });
  });

  it('floors a fractional quota, but never below one core', () => {
    const files = {
      '/proc/self/status': status,
      '/proc/self/mountinfo': V2_MOUNT,
      '/proc/self/cgroup': '0::/\n',
    };
    const withQuota = (max: string) =>
      describeMachine(readerOf({ ...files, '/sys/fs/cgroup/cpu.max': max }), NODE).usableCores;
    expect(withQuota('250000 100000')).toBe(2);
    expect(withQuota('25000 100000')).toBe(1);
    expect(withQuota('max 100000')).toBe(4);
  });

  it('takes memory from the smaller of machine and group', () => {
    const facts = describeMachine(
      readerOf({
        '/proc/meminfo': 'MemTotal: 8388608 kB\nMemFree: 1024 kB\nMemAvailable: 4194304 kB\n',
        '/proc/self/mountinfo': V2_MOUNT,
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/memory.max': `${2 * GIB}`,
        '/sys/fs/cgroup/memory.current': `${GIB}`,
      }),
      NODE,
    );
    expect(facts).toMatchObject({
      totalMemoryBytes: 8 * GIB,
      usableMemoryBytes: 2 * GIB,
      availableMemoryBytes: GIB,
    });
  });

  it('falls back to what Node.js knows', () => {
    expect(describeMachine(() => undefined, NODE)).toEqual({
      logicalCores: 16,
      allowedCores: 16,
      physicalCores: undefined,
      quotaCores: undefined,
      usableCores: 16,
      totalMemoryBytes: 64 * GIB,
      usableMemoryBytes: 64 * GIB,
      availableMemoryBytes: 32 * GIB,
      cgroupVersion: undefined,
    });
  });
});

describe('readMachine', () => {
  it('describes this machine', () => {
    const facts = readMachine();
    expect(facts.usableCores).toBeGreaterThanOrEqual(1);
    expect(facts.usableCores).toBeLessThanOrEqual(availableParallelism());
    expect(facts.usableMemoryBytes).toBeLessThanOrEqual(totalmem());
    expect(facts.availableMemoryBytes).toBeGreaterThan(0);
  });
});

/** Reads a small text file of /proc or /sys; undefined when it is absent or not readable. */
export type TextReader = (path: string) => string | undefined;

/** What the control groups of this process allow. An absent field is no limit. */
export interface CgroupLimits {
  readonly version: 1 | 2 | undefined;
  /** CPU time per wall time, e.g. 1.5; the smallest of all ancestors. */
  readonly quotaCores?: number;
  /** Smallest memory limit of all ancestors, in bytes. */
  readonly memoryLimitBytes?: number;
  /** Bytes charged to the group that holds the smallest limit, without its reclaimable file pages. */
  readonly memoryUsedBytes?: number;
}

interface Mount {
  /** Directory inside the hierarchy that the mount shows. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly controllers: readonly string[];
}

/** `0-3,8` as CPU numbers; undefined for text of another form. */
export function parseCpuList(text: string): number[] | undefined {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (range === null) return undefined;
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** `max 100000` or `150000 100000` of cgroup v2's cpu.max, in cores. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/);
  return ratio(quota, period ?? '100000');
}

function ratio(quota: string | undefined, period: string | undefined): number | undefined {
  const [over, under] = [Number(quota), Number(period)];
  return over > 0 && under > 0 && Number.isFinite(over) ? over / under : undefined;
}

/** Limits from a page of the kernel's "no limit" upwards are none (v1 writes 2^63 rounded to a page). */
const NO_LIMIT_BYTES = 2 ** 62;

function parseBytes(text: string | undefined): number | undefined {
  const bytes = text === undefined ? Number.NaN : Number(text.trim());
  return bytes > 0 && bytes < NO_LIMIT_BYTES ? bytes : undefined;
}

function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-');
    const type = fields[dash + 1];
    if (dash < 0 || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({
      root: fields[3] ?? '/',
      point: fields[4] ?? '',
      type,
      controllers: (fields[dash + 3] ?? '').split(','),
    });
  }
  return mounts;
}

/** The group's directory under the mount and each ancestor that the mount shows, innermost first. */
function ancestors(mount: Mount, group: string): string[] {
  const inside =
    mount.root !== '/' && (group === mount.root || group.startsWith(`${mount.root}/`))
      ? group.slice(mount.root.length)
      : mount.root === '/'
        ? group
        : '';
  const parts = inside.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    [mount.point, ...parts.slice(0, parts.length - up)].join('/'),
  );
}

interface MemoryFiles {
  readonly limit: string;
  readonly used: string;
  readonly inactive: RegExp;
}

const MEMORY_V1: MemoryFiles = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  inactive: /^total_inactive_file (\d+)$/m,
};
const MEMORY_V2: MemoryFiles = {
  limit: 'memory.max',
  used: 'memory.current',
  inactive: /^inactive_file (\d+)$/m,
};

function smallest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function memoryLimits(read: TextReader, dirs: readonly string[], files: MemoryFiles) {
  const rows = dirs.map((dir) => ({ dir, limit: parseBytes(read(`${dir}/${files.limit}`)) }));
  const memoryLimitBytes = smallest(rows.map((row) => row.limit));
  const dir = rows.find((row) => row.limit === memoryLimitBytes)?.dir;
  if (memoryLimitBytes === undefined || dir === undefined) return {};
  const used = parseBytes(read(`${dir}/${files.used}`));
  const inactive = Number(files.inactive.exec(read(`${dir}/memory.stat`) ?? '')?.[1] ?? 0);
  return {
    memoryLimitBytes,
    ...(used === undefined ? {} : { memoryUsedBytes: Math.max(0, used - inactive) }),
  };
}

/**
 * The limits of this process's control groups, v1 and v2 (hybrid too), over every ancestor that is
 * mounted. Node.js itself reads none of v1 and only some of v2, depending on its version.
 */
export function readCgroupLimits(read: TextReader): CgroupLimits {
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  let version: 1 | 2 | undefined;
  const quotas: (number | undefined)[] = [];
  let memory: Partial<CgroupLimits> = {};
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, , names, group] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || group === undefined) continue;
    const controllers = names.split(',');
    const mount = mounts.find((each) =>
      names === '' ? each.type === 'cgroup2' : each.controllers.some((name) => controllers.includes(name)),
    );
    if (mount === undefined) continue;
    const dirs = ancestors(mount, group);
    if (names === '') {
      const own = dirs.map((dir) => parseCpuMax(read(`${dir}/cpu.max`) ?? ''));
      const limits = memoryLimits(read, dirs, MEMORY_V2);
      if (dirs.some((dir) => read(`${dir}/cgroup.controllers`)?.trim())) version ??= 2;
      quotas.push(...own);
      memory = { ...limits, ...memory };
    } else if (controllers.includes('cpu')) {
      version = 1;
      for (const dir of dirs) {
        quotas.push(ratio(read(`${dir}/cpu.cfs_quota_us`), read(`${dir}/cpu.cfs_period_us`)));
      }
    } else if (controllers.includes('memory')) {
      version = 1;
      memory = memoryLimits(read, dirs, MEMORY_V1);
    }
  }
  const quotaCores = smallest(quotas);
  return { version, ...(quotaCores === undefined ? {} : { quotaCores }), ...memory };
}

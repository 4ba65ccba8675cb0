import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { type CgroupLimits, parseCpuList, readCgroupLimits, type TextReader } from './cgroup.js';

/** What this process may use of the machine it runs on. */
export interface MachineFacts {
  /** Logical processors of the machine. */
  readonly logicalCores: number;
  /** Logical processors this process may run on (affinity, cpuset). */
  readonly allowedCores: number;
  /** Physical cores behind the allowed processors; undefined where the system does not tell. */
  readonly physicalCores: number | undefined;
  /** CPU quota of the control groups, in cores, e.g. 1.5. */
  readonly quotaCores: number | undefined;
  /** Whole cores to plan compute threads for: the smallest of the above, at least 1. */
  readonly usableCores: number;
  readonly totalMemoryBytes: number;
  /** The smaller of the machine's memory and the control groups' limit. */
  readonly usableMemoryBytes: number;
  /** What is free of `usableMemoryBytes` now, reclaimable caches counted as free. */
  readonly availableMemoryBytes: number;
  readonly cgroupVersion: 1 | 2 | undefined;
}

/** What Node.js tells by itself, for systems without /proc. */
export interface NodeFacts {
  readonly logicalCores: number;
  readonly parallelism: number;
  readonly totalMemoryBytes: number;
  readonly freeMemoryBytes: number;
}

const readText: TextReader = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

function fieldOf(text: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(text ?? '')?.[1];
}

function kilobytes(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isFinite(value) ? value * 1024 : undefined;
}

/** Distinct sets of sibling threads among the allowed processors. */
function countPhysicalCores(read: TextReader, allowed: readonly number[]): number | undefined {
  const cores = new Set<string>();
  for (const cpu of allowed) {
    const siblings = read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`)?.trim();
    if (siblings === undefined) return undefined;
    cores.add(siblings);
  }
  return cores.size === 0 ? undefined : cores.size;
}

/** Pure: the facts from what /proc and /sys say, with Node.js's own figures where they say nothing. */
export function describeMachine(read: TextReader, node: NodeFacts): MachineFacts {
  const allowed = parseCpuList(fieldOf(read('/proc/self/status'), 'Cpus_allowed_list') ?? '');
  const meminfo = read('/proc/meminfo');
  const limits: CgroupLimits = readCgroupLimits(read);
  const allowedCores = allowed?.length ?? node.parallelism;
  const physicalCores = allowed === undefined ? undefined : countPhysicalCores(read, allowed);
  const totalMemoryBytes = kilobytes(fieldOf(meminfo, 'MemTotal')) ?? node.totalMemoryBytes;
  const usableMemoryBytes = Math.min(totalMemoryBytes, limits.memoryLimitBytes ?? Number.POSITIVE_INFINITY);
  const freeOfGroup = usableMemoryBytes - (limits.memoryUsedBytes ?? 0);
  return {
    logicalCores: Math.max(node.logicalCores, allowedCores),
    allowedCores,
    physicalCores,
    quotaCores: limits.quotaCores,
    usableCores: Math.max(
      1,
      Math.floor(Math.min(allowedCores, physicalCores ?? allowedCores, limits.quotaCores ?? allowedCores)),
    ),
    totalMemoryBytes,
    usableMemoryBytes,
    availableMemoryBytes: Math.max(
      0,
      Math.min(kilobytes(fieldOf(meminfo, 'MemAvailable')) ?? node.freeMemoryBytes, freeOfGroup),
    ),
    cgroupVersion: limits.version,
  };
}

/** The facts of this machine, now. `os.cpus()` can be empty in a sandbox, so affinity has the word. */
export function readMachine(): MachineFacts {
  return describeMachine(readText, {
    logicalCores: cpus().length,
    parallelism: availableParallelism(),
    totalMemoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
  });
}

import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Memory of a process and all below it: pages that are shared count in parts (PSS), so the sum is fair. */
export function treeMemory(rootPid) {
  const processes = listTree(rootPid).map((pid) => {
    const text = read(`/proc/${pid}/smaps_rollup`) ?? '';
    return { pid, pssBytes: kilobytes(text, 'Pss'), anonymousBytes: kilobytes(text, 'Pss_Anon') };
  });
  return { pssBytes: processes.reduce((sum, { pssBytes }) => sum + pssBytes, 0), processes };
}

/** User and system time of a process and all below it in seconds, those that have ended included. */
export function treeCpuSeconds(rootPid) {
  let ticks = 0;
  for (const pid of listTree(rootPid))
    for (const field of (statOf(pid) ?? []).slice(11, 15)) ticks += Number(field);
  return ticks / TICKS_PER_SECOND;
}

function listTree(rootPid) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statOf(entry)?.[1]);
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const pids = [];
  for (const stack = [rootPid]; stack.length > 0; ) {
    const pid = stack.pop();
    pids.push(pid);
    stack.push(...(children.get(pid) ?? []));
  }
  return pids;
}

/** The fields from the state on. The name in brackets before them may hold spaces. */
function statOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function kilobytes(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

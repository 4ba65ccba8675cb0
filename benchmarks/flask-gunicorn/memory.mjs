import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process and all below it in bytes: pages that are shared count in parts (PSS), so the sum is fair. */
export function treePssBytes(rootPid) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    // The name in brackets may hold spaces: the parent is the second field behind it.
    const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  let sum = 0;
  for (const stack = [rootPid]; stack.length > 0; ) {
    const pid = stack.pop();
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
    sum += Number(kilobytes ?? 0) * 1024;
    stack.push(...(children.get(pid) ?? []));
  }
  return sum;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

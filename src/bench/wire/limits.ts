import { readFileSync } from 'node:fs';

const ASSUMED = 1_024;

/** How many files and sockets this process may have open; a careful guess where the system does not tell. */
export function fileDescriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (soft === undefined) return ASSUMED;
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return ASSUMED;
  }
}

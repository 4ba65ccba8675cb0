import { bench } from './bench.js';
import type { Command } from './define.js';

/** Every command, in the order of the help. A command loads its own code on use. */
export const COMMANDS: readonly Command[] = [bench];

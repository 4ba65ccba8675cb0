import { bench } from './bench.js';
import { convert } from './convert.js';
import { ctl } from './ctl.js';
import type { Command } from './define.js';
import { engine } from './engine.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { run } from './run.js';
import { serve } from './serve.js';

/** Every command, in the order of the help. A command loads its own code on use. */
export const COMMANDS: readonly Command[] = [inspect, run, serve, bench, init, convert, engine, ctl];

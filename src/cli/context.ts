import type { CommandContext } from '../commands/define.js';
import { createStyle } from './style.js';

/** The context of one command run on this process's own streams. */
export function createContext(isJson: boolean, signal: AbortSignal): CommandContext {
  const isTty = process.stdout.isTTY === true;
  return {
    isJson,
    isTty,
    signal,
    style: createStyle(isTty && !isJson, process.env),
    print(text = '') {
      if (!isJson) process.stdout.write(`${text}\n`);
    },
    json(value) {
      if (isJson) process.stdout.write(`${JSON.stringify(value, replaceBigint, 2)}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
    async steps(tasks, context) {
      // Loaded here because most commands show no steps and start faster without it.
      const { Listr } = await import('listr2');
      const isShown = process.stderr.isTTY === true && !isJson;
      const renderer = isShown ? 'default' : isJson ? 'silent' : 'simple';
      await new Listr(tasks, { ctx: context, renderer, concurrent: false }).run();
      return context;
    },
  };
}

/** JSON has no 64-bit integers: safe ones become numbers, larger ones strings. */
export function replaceBigint(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

import type { Style } from '../commands/define.js';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours for a terminal; plain text elsewhere. `NO_COLOR` is obeyed as no-color.org defines it. */
export function createStyle(isTty: boolean, env: NodeJS.ProcessEnv): Style {
  const isColoured = isTty && !env.NO_COLOR && env.TERM !== 'dumb';
  const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    cyan: paint(CODES.cyan),
  };
}

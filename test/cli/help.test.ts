import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { COMMANDS } from '../../src/commands/index.js';

const program = createProgram(COMMANDS, '0.0.0', async () => {});

/** What `--help` prints: commander adds the text behind it through events. */
function helpOf(name: string): string {
  let text = '';
  const command = program.commands.find((candidate) => candidate.name() === name);
  command?.configureOutput({ writeOut: (part) => (text += part) });
  command?.outputHelp();
  return text;
}

describe('help', () => {
  it('names the three commands of the first minutes', () => {
    expect(COMMANDS.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['inspect', 'run', 'serve', 'bench', 'init', 'convert', 'engine']),
    );
  });

  it.each(COMMANDS.map(({ name }) => name))('%s: says what it does and shows an example to paste', (name) => {
    const help = helpOf(name);
    expect(help).toContain(`Usage: tfdeploy ${name}`);
    expect(help).toMatch(new RegExp(`\\$ tfdeploy ${name}`));
    expect(help).toContain('--json');
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s: every flag is explained',
    (_, command) => {
      for (const { flags, about } of command.flags) expect(about.length, flags).toBeGreaterThan(8);
    },
  );
});

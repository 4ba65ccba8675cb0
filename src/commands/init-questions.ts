import { existsSync } from 'node:fs';
import type { Answers, Target } from '../scaffold/facts.js';

/** Asks for what was not given as a flag. The prompts are loaded here: nothing else needs them. */
export async function askModel(): Promise<string> {
  const { input } = await import('@inquirer/prompts');
  return input({
    message: 'Where is the SavedModel?',
    default: existsSync('model') ? './model' : undefined,
    validate: (path) => existsSync(path) || 'there is nothing at this path',
  });
}

/** The questions of `init`, each with the default that --yes takes. */
export async function askAnswers(
  defaults: Answers,
  given: { readonly target?: string; readonly serverName?: string; readonly image?: string },
): Promise<Answers> {
  const { checkbox, input } = await import('@inquirer/prompts');
  const projectDir = await input({ message: 'Write the project to', default: defaults.projectDir });
  const targets =
    given.target === undefined
      ? await checkbox<Target>({
          message: 'Where will it run?',
          choices: [
            { name: 'a machine with nginx and systemd', value: 'vm', checked: true },
            { name: 'Kubernetes', value: 'kubernetes' },
          ],
          required: true,
        })
      : defaults.targets;
  const serverName =
    targets.includes('vm') && given.serverName === undefined
      ? await input({ message: 'Host name that nginx answers to (_ for any)', default: defaults.serverName })
      : defaults.serverName;
  const image =
    targets.includes('kubernetes') && given.image === undefined
      ? await input({ message: 'Container image', default: defaults.image })
      : defaults.image;
  return { ...defaults, projectDir, targets, serverName, image };
}

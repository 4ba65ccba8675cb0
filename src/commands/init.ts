import { TfdeployError } from '../base/error.js';
import type { Command } from './define.js';

export function parseInteger(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new TfdeployError('TFD_USAGE', `"${text}" is not a whole number`);
}

export const init: Command = {
  name: 'init',
  about: 'Generate the serving project around a model: configuration, nginx, systemd, Kubernetes',
  arguments: [{ name: '[dir]', about: 'where to write it (default: NAME-serving beside you)' }],
  flags: [
    { flags: '--model <path>', about: 'the SavedModel, or a directory of numbered versions' },
    { flags: '--signature <name>', about: 'signature that sizes are taken from (default: serving_default)' },
    { flags: '--target <name>', about: 'what to generate for', choices: ['vm', 'kubernetes', 'both'] },
    { flags: '--server-name <host>', about: 'host name that nginx answers to (default: any)' },
    { flags: '--listen-port <number>', about: 'port of nginx', default: 80, parse: parseInteger },
    { flags: '--rest-port <number>', about: 'REST port of tfdeploy', default: 8501, parse: parseInteger },
    { flags: '--grpc-port <number>', about: 'gRPC port of tfdeploy', default: 8500, parse: parseInteger },
    {
      flags: '--request-timeout <seconds>',
      about: 'longest time of one request',
      default: 30,
      parse: parseInteger,
    },
    { flags: '--user <name>', about: 'account of the service (default: a transient one)' },
    { flags: '--image <reference>', about: 'container image to build and deploy' },
    { flags: '-y, --yes', about: 'ask nothing, take the defaults' },
    { flags: '--force', about: 'replace files that have other content' },
    { flags: '--facts <file>', about: 'take the facts from a file instead of this machine' },
    { flags: '--print-facts', about: 'only print the facts as JSON, for --facts' },
  ],
  examples: [
    'tfdeploy init',
    'tfdeploy init ./digits-serving --model ./model --yes',
    'tfdeploy init --model ./model --target kubernetes --image registry.example.com/digits:1 --yes',
  ],
  load: async () => (await import('./init-handler.js')).runInit,
};

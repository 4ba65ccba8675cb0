import { CONTROL_COMMANDS } from '../supervisor/control-socket.js';
import type { Command } from './define.js';

const LIST = Object.entries(CONTROL_COMMANDS)
  .map(([name, about]) => `${name}: ${about}`)
  .join('; ');

export const ctl: Command = {
  name: 'ctl',
  about: 'talk to a running server: its workers and models, reload, drain',
  arguments: [
    { name: '<command>', about: LIST },
    { name: '[number]', about: 'workers to keep (scale), or the id of a worker (kill)' },
  ],
  flags: [
    { flags: '--rest-api-port <integer>', about: 'REST port of the server', default: 8501 },
    { flags: '--socket <path>', about: "the server's control socket, where it is not the one of its port" },
  ],
  examples: ['tfdeploy ctl status', 'tfdeploy ctl reload', 'tfdeploy ctl scale 4 --json'],
  load: async () => (await import('./ctl-handler.js')).runCtl,
};

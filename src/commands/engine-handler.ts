import { TfdeployError } from '../base/error.js';
import { ENGINES, type EngineRow } from '../engine/engines.js';
import { type EngineLocation, engineCacheDir, findEngine } from '../engine/find.js';
import { loadOnnxRuntime } from '../engine/onnxruntime.js';

import { resolveEngine } from '../engine/resolve.js';
import type { CommandContext, CommandHandler } from './define.js';

/** Devices of an engine that is loaded to be asked; empty when it does not load here. */
function listDevices(location: EngineLocation): { devices: readonly string[]; problem?: string } {
  try {
    const backends = loadOnnxRuntime(location).listSupportedBackends?.() ?? [];
    return { devices: backends.filter(({ bundled }) => bundled).map(({ name }) => name) };
  } catch (error) {
    return { devices: [], problem: (error as Error).message };
  }
}

function describe(row: EngineRow) {
  const { found, misfits } = findEngine(row);
  return {
    name: row.name,
    about: row.about,
    isInstalled: found !== undefined,
    ...(found === undefined ? {} : { version: found.version, place: found.place, dir: found.packageDir }),
    ...(found === undefined ? {} : listDevices(found)),
    supported: `>=${row.from} <${row.below}`,
    passedOver: misfits.map(({ packageDir, version, why }) => ({ dir: packageDir, version, why })),
  };
}

function list({ json, print, style }: CommandContext): number {
  const engines = ENGINES.map(describe);
  json({ engines, cacheDir: engineCacheDir() });
  for (const each of engines) {
    print(`${style.bold(each.name)}  ${each.about}`);
    if (each.isInstalled) {
      print(`  ${style.green('installed')}  ${each.version} in ${each.dir} (${each.place})`);
      print(`  devices    ${each.devices?.join(', ') || (each.problem ?? 'none')}`);
    } else {
      print(`  ${style.yellow('missing')}  installed on first use, or: tfdeploy engine install ${each.name}`);
    }
    for (const { dir, why } of each.passedOver) print(`  ${style.dim(`passed over ${dir}: ${why}`)}`);
  }
  return 0;
}

async function install(name: string | undefined, context: CommandContext): Promise<number> {
  const row = ENGINES.find((each) => each.name === name || each.packageName === name);
  if (row === undefined) {
    const known = ENGINES.map((each) => each.name).join(', ');
    throw name === 'tfjs-node'
      ? new TfdeployError('TFD_UNIMPLEMENTED', 'the engine tfjs-node can not be installed by this version')
      : new TfdeployError('TFD_USAGE', `engine install ${name ?? ''}: there is no such engine`, {
          hint: `known: ${known}`,
        });
  }
  const found = await resolveEngine({ signal: context.signal }, row);
  const { devices, problem } = listDevices(found);
  if (problem !== undefined) throw new TfdeployError('TFD_ENGINE_FAILED', problem);
  context.json({ ...found, devices });
  context.print(`${row.name} ${found.version} is ready in ${found.packageDir} (${devices.join(', ')})`);
  return 0;
}

/** `tfdeploy engine list` and `tfdeploy engine install NAME`. */
export const runEngine: CommandHandler = async ([action, name], _options, context) => {
  if (action === 'list' && name === undefined) return list(context);
  if (action === 'install') return install(name, context);
  throw new TfdeployError('TFD_USAGE', `engine ${[action, name].filter(Boolean).join(' ')}: no such action`, {
    hint: 'tfdeploy engine list, or tfdeploy engine install NAME',
  });
};

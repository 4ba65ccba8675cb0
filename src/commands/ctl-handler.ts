import { TfdeployError } from '../base/error.js';
import { suggest } from '../config/suggest.js';
import { askControl } from '../supervisor/control-client.js';
import { CONTROL_COMMANDS, type ControlCommand, controlPath } from '../supervisor/control-socket.js';
import type { WorkerInfo } from '../supervisor/types.js';
import type { CommandContext, CommandHandler } from './define.js';

interface ModelInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly versions: readonly { version: string; state: string; errorMessage?: string }[];
}

interface Status {
  readonly workers?: readonly WorkerInfo[];
  readonly models?: readonly ModelInfo[];
  readonly failed?: readonly { model: string; version: string; error: string }[];
}

function printTable(rows: readonly (readonly string[])[], { print }: CommandContext): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function printWorkers(workers: readonly WorkerInfo[], context: CommandContext): void {
  const rows = workers.map(({ id, pid, phase, requests, connections, residentBytes, ageMs }) => [
    String(id),
    String(pid ?? ''),
    phase,
    String(requests),
    String(connections),
    `${Math.round(residentBytes / 1048576)} MiB`,
    `${Math.round(ageMs / 1000)} s`,
  ]);
  printTable([['worker', 'pid', 'phase', 'requests', 'connections', 'memory', 'age'], ...rows], context);
}

function printModels(models: readonly ModelInfo[], context: CommandContext): void {
  const rows = models.flatMap(({ name, labels, versions }) =>
    versions.map(({ version, state, errorMessage = '' }) => {
      const own = Object.entries(labels).filter(([, labelled]) => labelled === version);
      return [name, version, state, own.map(([label]) => label).join(', '), errorMessage];
    }),
  );
  printTable([['model', 'version', 'state', 'labels', 'error'], ...rows], context);
}

function printStatus(result: unknown, command: ControlCommand, context: CommandContext): void {
  const status: Status =
    command === 'workers'
      ? { workers: result as WorkerInfo[] }
      : command === 'models'
        ? { models: result as ModelInfo[] }
        : command === 'status' || command === 'reload'
          ? (result as Status)
          : {};
  if (status.workers !== undefined) printWorkers(status.workers, context);
  if (status.models !== undefined) {
    if (status.workers !== undefined) context.print();
    printModels(status.models, context);
  }
  for (const { model, version, error } of status.failed ?? [])
    context.note(`${context.style.red('failed')} ${model} version ${version}: ${error}`);
  if (status.workers === undefined && status.models === undefined) context.print('done');
}

/** Exit status 65 when a reload left a version unserved. */
export const runCtl: CommandHandler = async ([name = '', argument], options, context) => {
  if (!Object.hasOwn(CONTROL_COMMANDS, name)) {
    const names = Object.keys(CONTROL_COMMANDS);
    throw new TfdeployError('TFD_USAGE', `"${name}" is no command${suggest(name, names)}`, {
      hint: `commands: ${names.join(', ')}`,
    });
  }
  const command = name as ControlCommand;
  const path =
    typeof options.socket === 'string' ? options.socket : controlPath(Number(options.restApiPort ?? 8501));
  const request = { command, ...(argument === undefined ? {} : { argument: Number(argument) }) };
  const result = await askControl(path, request, context.signal);
  context.json(result);
  printStatus(result, command, context);
  const failed = command === 'reload' ? ((result as Status).failed ?? []) : [];
  return failed.length > 0 ? 65 : 0;
};

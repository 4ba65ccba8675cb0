import { nodeFiles } from '../base/node-files.js';
import { findModelVersions, parseModelArgument } from '../repository/layout.js';
import { openSavedModel } from '../savedmodel/open.js';
import { summarizeModel } from '../savedmodel/summary.js';
import type { CommandHandler } from './define.js';
import { coverModel } from './inspect-coverage.js';
import { inspectionToJson } from './inspect-json.js';
import { formatInspection } from './inspect-text.js';
import type { Inspection } from './inspection.js';

/** Runs `tfdeploy inspect`. */
export const runInspect: CommandHandler = async ([argument = ''], _options, context) => {
  const inspection = inspectModel(argument);
  if (context.isJson) context.json(inspectionToJson(inspection));
  else for (const line of formatInspection(inspection, context.style)) context.print(line);
  return 0;
};

/** Everything about the model at a path (or `name=path`); of numbered versions the highest. */
export function inspectModel(argument: string): Inspection {
  const { name, basePath } = parseModelArgument(argument);
  const versions = findModelVersions(basePath);
  const [highest] = versions;
  const isNumbered = highest !== undefined && highest.dir !== basePath;
  const model = openSavedModel(nodeFiles, isNumbered ? highest.dir : basePath);
  return {
    name,
    summary: summarizeModel(model),
    coverage: coverModel(model),
    version: isNumbered ? highest.version : undefined,
    versions: isNumbered ? versions.map((each) => each.version) : [],
  };
}

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { TfdeployError } from '../../base/error.js';
import type { Plan } from '../plan.js';

/**
 * TFD_PLAN_CORRUPT when a file that the plan shares with its model was written since: the weights would no
 * longer be those that were compiled.
 */
export function checkLinks(dir: string, plan: Plan): void {
  for (const [name, { source, modifiedNs }] of Object.entries(plan.linked ?? {})) {
    const stats = statSync(join(dir, name), { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined && String(stats.mtimeNs) === modifiedNs) continue;
    throw new TfdeployError(
      'TFD_PLAN_CORRUPT',
      `${dir}: ${name} was changed since (it is one file with ${source})`,
      { hint: 'convert the model again; put new versions of a model into directories of their own' },
    );
  }
}

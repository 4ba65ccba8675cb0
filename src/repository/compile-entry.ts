import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { CompileJob } from './compile-job.js';

/** The converter's own process: a large model's graph and weights never enter the supervisor or a worker. */
const job = JSON.parse(process.argv[2] ?? '{}') as CompileJob;

// Started by a supervisor that is gone: nobody waits for the plan.
process.once('disconnect', () => process.exit(0));

try {
  const { runCompileJob } = await import('./compile-job.js');
  process.send?.({ result: runCompileJob(job) }, () => process.exit(0));
} catch (thrown) {
  const error = isTfdeployError(thrown)
    ? thrown
    : new TfdeployError(
        'TFD_BUG',
        thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      );
  process.send?.({ error: error.toJSON() }, () => process.exit(0));
}

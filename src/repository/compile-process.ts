import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { entryPath } from '../base/entry.js';
import { reviveError, TfdeployError } from '../base/error.js';
import type { CompileJob, CompileResult } from './compile-job.js';

interface Message {
  readonly result?: CompileResult;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export interface CompileProcessOptions {
  /** Leaves the cores to others, for models that come while requests are served. */
  readonly isBackground: boolean;
  readonly signal?: AbortSignal;
}

/** Runs a job in a process of its own. Rejects with the converter's error, or tells how the process died. */
export function compileInProcess(job: CompileJob, options: CompileProcessOptions): Promise<CompileResult> {
  return new Promise((resolve, reject) => {
    const child = fork(entryPath(import.meta.url, './compile-entry.js'), [JSON.stringify(job)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
    });
    let message: Message | undefined;
    if (options.isBackground && child.pid !== undefined) {
      try {
        setPriority(child.pid, 10);
      } catch {
        // It has ended already, or may not be slowed down.
      }
    }
    child.on('message', (received) => {
      message = received as Message;
    });
    child.on('error', (cause) =>
      reject(
        new TfdeployError('TFD_UNAVAILABLE', `the converter can not be run: ${cause.message}`, { cause }),
      ),
    );
    child.on('exit', (code, signal) => {
      if (message?.result !== undefined) resolve(message.result);
      else if (message?.error !== undefined) reject(reviveError(message.error));
      else
        reject(
          new TfdeployError(
            'TFD_UNAVAILABLE',
            `${job.modelDir}: the converter ended with ${signal ?? `exit status ${code}`}`,
            signal === 'SIGKILL' ? { hint: 'perhaps out of memory' } : {},
          ),
        );
    });
  });
}

import type { SupervisorAction, SupervisorState } from './state.js';

const MOST_ABOVE_MEAN = 0.2;
/** Fewer connections than this above the mean are not worth a reconnect. */
const LEAST_COUNT = 2;
/** Two heartbeats: what was given away shows in the counts by then. */
const PAUSE_MS = 2000;

/**
 * Workers accept from one socket, and whoever wakes up first takes what is there: clients that keep their
 * connections can end up with one worker while another one idles. The worker that holds more than its share
 * closes some connections with their next answer; their clients come back, mostly to a worker with less to do.
 */
export function balanceConnections(state: SupervisorState, now: number): SupervisorAction[] {
  const workers = [...state.workers.values()].filter(
    ({ phase, isListening }) => phase === 'ready' && isListening,
  );
  if (state.phase !== 'running' || workers.length < 2) return [];
  const mean = workers.reduce((sum, { connections }) => sum + connections, 0) / workers.length;
  const actions: SupervisorAction[] = [];
  for (const worker of workers) {
    const above = Math.floor(worker.connections - mean);
    if (above < Math.max(LEAST_COUNT, MOST_ABOVE_MEAN * mean) || now - worker.releasedMs < PAUSE_MS) continue;
    // A count from before the release says nothing new.
    if (worker.beatMs - worker.releasedMs < PAUSE_MS / 2) continue;
    worker.releasedMs = now;
    actions.push({ kind: 'release', id: worker.id, count: above });
  }
  return actions;
}

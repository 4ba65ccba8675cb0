import type { Origin } from '../graph/ir.js';

/** Name-scope parts that say how a call was made, not which layer it is. */
const CALL_SCOPE = /^(StatefulPartitionedCall|PartitionedCall)(_\d+)?$/;

/** The Keras layer path of a node: its name scopes without call nodes and without the op's own name. */
export function layerOf(origin: Origin): string {
  const scopes = origin.node.split('/').slice(0, -1);
  const own = scopes.filter((scope) => !CALL_SCOPE.test(scope));
  if (own.length > 0) return own.join('/');
  const calls = origin.calls.flatMap((call) => call.split('/')).filter((scope) => !CALL_SCOPE.test(scope));
  return calls.join('/');
}

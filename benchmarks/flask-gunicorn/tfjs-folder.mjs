import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
/** Where install-tfjs-node.mjs puts tfjs-node. */
export const TFJS_FOLDER = process.env.TFDEPLOY_TFJS_NODE ?? join(CACHE, 'tfjs-node');

export const HAS_TFJS_NODE = existsSync(
  join(TFJS_FOLDER, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'),
);

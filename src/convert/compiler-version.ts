import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/entry.js';

/** The version of tfdeploy that compiles; it stands in every plan. */
export const VERSION: string = (
  JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
).version;

/** Form of the files of a plan; another one is compiled anew. */
export const PLAN_FORMAT = 2;

import type { Bundle, ObjectGraph } from './types.js';

const MAX_PATH_LENGTH = 16_384;
const VALUE_SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';

/** How objects of a TF2 model are known in its checkpoint. */
export interface CheckpointKeys {
  /** Key of a variable object by its number. */
  readonly byObject: ReadonlyMap<number, string>;
  /** Key by the variable's own name, where that is unique: Keras models often repeat names. */
  readonly byVariableName: ReadonlyMap<string, string>;
}

/** In a key, `/` separates the children's names; in a name it is `.S`, and `.` is `..`. */
function escapeName(name: string): string {
  return name.replaceAll('.', '..').replaceAll('/', '.S');
}

/**
 * The checkpoint's keys are the paths of the object tree. A variable that is reached by several paths is
 * stored under one of them, the first in breadth-first order as a rule; all edges are tried here.
 */
export function checkpointKeys(objects: ObjectGraph | undefined, bundle: Bundle): CheckpointKeys {
  const byObject = new Map<number, string>();
  const names = new Map<string, string | undefined>();
  if (objects === undefined) return { byObject, byVariableName: new Map() };
  const paths = new Map<number, string>([[0, '']]);
  for (const [id, path] of paths) {
    for (const [name, child] of objects.nodes[id]?.children ?? []) {
      const childPath = path === '' ? escapeName(name) : `${path}/${escapeName(name)}`;
      const object = objects.nodes[child];
      if (object?.kind === 'variable' && !byObject.has(child)) {
        const key = childPath + VALUE_SUFFIX;
        if (bundle.entries.has(key)) {
          byObject.set(child, key);
          names.set(object.name, names.has(object.name) ? undefined : key);
        }
      }
      if (!paths.has(child) && childPath.length <= MAX_PATH_LENGTH) paths.set(child, childPath);
    }
  }
  const unique = [...names].filter((row): row is [string, string] => row[1] !== undefined);
  return { byObject, byVariableName: new Map(unique) };
}

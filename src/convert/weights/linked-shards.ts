import { linkSync, lstatSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DTYPES } from '../../base/dtype.js';
import type { FileRange, ModelFiles } from '../../base/files.js';
import type { TensorValue } from '../../savedmodel/types.js';
import type { ExternalLocation } from '../onnx/model.js';
import type { LinkedFile } from '../plan.js';
import { readChecked } from './checked-range.js';

interface Link {
  readonly name: string;
  readonly bytes: number;
  readonly file: LinkedFile;
}

/**
 * Checkpoint files that a plan shares with its model by hard links: the weights are not copied, and stay when
 * the model's directory is removed. Every range is read once, to check it.
 */
export class LinkedShards {
  /** By path of the source; undefined where no link could be made. */
  readonly #links = new Map<string, Link | undefined>();
  readonly #placed = new Map<string, ExternalLocation>();

  constructor(
    private readonly dir: string,
    private readonly files: ModelFiles,
    /** Sources that are worth a link. */
    private readonly paths: ReadonlySet<string>,
  ) {}

  /** Where the tensor lies in a linked file, or undefined when it has to be copied. */
  place(value: TensorValue): ExternalLocation | undefined {
    const { file } = value;
    if (file === undefined || !canLink(value, file) || !this.paths.has(file.path)) return undefined;
    const link = this.#link(file.path);
    if (link === undefined) return undefined;
    const key = `${file.path}\n${file.offset}\n${file.length}`;
    const known = this.#placed.get(key);
    if (known !== undefined) return known;
    readChecked(this.files, file, value.crc32c);
    const made = { location: link.name, offset: file.offset, length: file.length };
    this.#placed.set(key, made);
    return made;
  }

  sizes(): Record<string, number> {
    return Object.fromEntries(this.#made().map(({ name, bytes }) => [name, bytes]));
  }

  linked(): Record<string, LinkedFile> {
    return Object.fromEntries(this.#made().map(({ name, file }) => [name, file]));
  }

  #made(): Link[] {
    return [...this.#links.values()].filter((link) => link !== undefined);
  }

  #link(path: string): Link | undefined {
    if (!this.#links.has(path)) this.#links.set(path, tryLink(path, this.dir));
    return this.#links.get(path);
  }
}

/** The engine maps the file and reads elements in place, which are only sure to work on their own boundaries. */
function canLink({ dtype, byteLength }: TensorValue, { offset, length }: FileRange): boolean {
  const { bytes } = DTYPES[dtype];
  return bytes > 0 && offset % bytes === 0 && length === byteLength;
}

/** Another device, a file system without links or a file of another user: the weights are copied instead. */
function tryLink(path: string, dir: string): Link | undefined {
  const name = basename(path);
  if (!/^[\w+-][\w.+-]*$/.test(name)) return undefined;
  try {
    // A link to a symbolic link would be one too, which the engine refuses.
    const source = realpathSync(path);
    linkSync(source, join(dir, name));
    const { size, mtimeNs } = lstatSync(join(dir, name), { bigint: true });
    return { name, bytes: Number(size), file: { source, modifiedNs: String(mtimeNs) } };
  } catch {
    return undefined;
  }
}

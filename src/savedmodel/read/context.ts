/** Where the bytes being read come from, for messages and for constants that stay file ranges. */
export interface ReadContext {
  /** In front of every message: the file's path. */
  readonly what: string;
  /** The bytes of the whole file, when wire bytes of `path` are read. */
  readonly root?: Uint8Array;
  readonly path?: string;
}

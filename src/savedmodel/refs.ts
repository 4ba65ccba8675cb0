/** A reference to a tensor in a node's inputs. */
export interface TensorRef {
  readonly node: string;
  /** Output argument in function bodies (`node:arg:0`); '' in the main graph. */
  readonly arg: string;
  /** Position: of the node's outputs, or within the output argument. */
  readonly index: number;
}

/**
 * Takes apart `node`, `node:index` and `node:arg:index`. A control edge (`^node`) gives undefined.
 */
export function parseTensorRef(text: string): TensorRef | undefined {
  if (text.startsWith('^')) return undefined;
  const [node = '', ...rest] = text.split(':');
  const index = Number(rest.at(-1) ?? 0);
  const arg = rest.length === 2 ? rest[0]! : '';
  if (rest.length > 2 || !Number.isSafeInteger(index) || index < 0) return { node: text, arg: '', index: 0 };
  return { node, arg, index };
}

/** The node that an input refers to, through a tensor or a control edge. */
export function referredNode(text: string): string {
  return text.startsWith('^') ? text.slice(1) : (parseTensorRef(text)?.node ?? text);
}

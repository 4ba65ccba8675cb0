import type { AttrValue } from '../savedmodel/types.js';

/** Whether two attribute values say the same. Tensors and functions never compare equal: they are read. */
export function isSameAttr(left: AttrValue, right: AttrValue): boolean {
  if (left.kind === 'list' && right.kind === 'list') {
    return (
      left.value.length === right.value.length &&
      left.value.every((item, index) => isSameAttr(item, right.value[index] as AttrValue))
    );
  }
  if (left.kind === 's' && right.kind === 's') {
    return (
      left.value.length === right.value.length && left.value.every((byte, at) => byte === right.value[at])
    );
  }
  if (left.kind === 'shape' && right.kind === 'shape') {
    return JSON.stringify(left.value) === JSON.stringify(right.value);
  }
  if (left.kind === 'tensor' || left.kind === 'func') return false;
  return left.kind === right.kind && Object.is(left.value, right.value);
}

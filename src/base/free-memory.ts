import { MessageChannel } from 'node:worker_threads';

/** What is sent to a port whose other end is closed is dropped at once, and the memory that came along with it. */
const { port1: nowhere, port2: otherEnd } = new MessageChannel();
otherEnd.close();

/** Less than this is not worth the call. */
const MIN_BYTES = 32 * 1024;

/**
 * Gives the memory of a large array back now. Left to the garbage collector, which sees but a small object, tens of
 * megabytes of bodies that were read pile up in a process under load. Nobody may use the array, or another view
 * on its buffer, behind it; one that does not fill its buffer alone is left as it is.
 */
export function freeMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength < MIN_BYTES || byteLength !== buffer.byteLength || buffer instanceof SharedArrayBuffer)
    return;
  try {
    nowhere.postMessage(undefined, [buffer as ArrayBuffer]);
  } catch {
    // A buffer that can not change its owner waits for the garbage collector.
  }
}

/** Turns of the event loop that follow each other this closely had no rest between them. */
const REST_MS = 1;

let isOpen = false;
let startMs = 0;
let endMs = 0;
let previousStartMs = 0;

function close(): void {
  isOpen = false;
  endMs = performance.now();
}

/** Notes that this turn of the event loop does work; `now` is the moment of `performance.now()`. */
export function touchTurn(now: number): void {
  if (isOpen) return;
  isOpen = true;
  previousStartMs = startMs;
  startMs = now;
  // Immediates run when the event loop has handed over every socket that was readable.
  setImmediate(close);
}

/**
 * When what is read now reached this process, about: at the start of this turn, or, where one turn followed the
 * other, while the one before ran. A busy process sees its clients late, and their deadlines do not wait.
 */
export function estimateArrivalMs(now: number): number {
  touchTurn(now);
  return startMs - endMs < REST_MS ? (previousStartMs + startMs) / 2 : startMs;
}

import { Announced } from '../batch/announced.js';
import { LatencyTable } from '../batch/latency.js';
import type { Announcement, Servable, ServableDirectory, VersionChoice } from '../repository/types.js';
import type { Exchange } from './exchange.js';

/** A body below this comes with its header: there is nothing to be saved. */
const LEAST_BYTES = 2048;
/** Taking a body from its socket costs about as much as decoding it. */
const READING_FACTOR = 2;

/** Milliseconds of work in the bodies that are coming: the event loop does one thing at a time. */
const comingMs = new Announced();
/** How long bodies of so many bytes take to be decoded. */
const decoding = new LatencyTable();

/** Tells how long a body took to be decoded in the event loop. */
export function observeDecode(bytes: number, ms: number): void {
  if (bytes >= LEAST_BYTES) decoding.observe(bytes, ms, performance.now());
}

/**
 * Tells the model of a request before its body is read, so that under overload no time goes into reading and
 * decoding what is refused then. Throws that refusal.
 */
export function announce(
  exchange: Exchange,
  directory: ServableDirectory,
  model: string,
  choice: VersionChoice,
): Announcement | undefined {
  const { deadlineMs } = exchange;
  const { contentLength, priority } = exchange.headers;
  const isSmall = contentLength >= 0 && contentLength < LEAST_BYTES;
  // What is more urgent than the rest goes before what waits.
  if (deadlineMs === undefined || isSmall || priority < 0) return undefined;
  let servable: Servable;
  try {
    servable = directory.find(model, choice);
  } catch {
    // Told when the body has been read, as everything else that is wrong with a request.
    return undefined;
  }
  exchange.servable = servable;
  const workMs = READING_FACTOR * decoding.mean(Math.max(contentLength, LEAST_BYTES));
  const now = performance.now();
  const readyMs = now + comingMs.sum(now) + workMs;
  const announcement = servable.announce?.(deadlineMs, readyMs);
  if (announcement === undefined) return undefined;
  let ticket = comingMs.add(workMs, now);
  return {
    renew() {
      announcement.renew();
      const at = performance.now();
      comingMs.remove(ticket, workMs, at);
      ticket = comingMs.add(workMs, at);
    },
    withdraw() {
      announcement.withdraw();
      comingMs.remove(ticket, workMs, performance.now());
    },
  };
}

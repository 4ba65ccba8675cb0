import { monotonicMs } from '../clock.js';
import { type Address, type Answer, Connection } from './connection.js';
import { type FailureKind, isLocalError, type Outcome, type Shot } from './shot.js';

export interface PoolOptions {
  readonly address: Address;
  /** Whole requests, head and body, ready to be written. */
  readonly requests: readonly Buffer[];
  readonly maxConnections: number;
  /** From the intended send time to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  onOutcome(outcome: Outcome): void;
}

/** More handshakes at once only crowd out the requests that could be answered meanwhile. */
const MOST_CONNECTING = 64;

/**
 * Connections that grow with the need: a shot takes the connection that fell idle last; where none is idle it
 * waits in a queue while another is opened, so that a slow server never holds back the schedule. Every shot
 * ends in exactly one outcome.
 */
export class Pool {
  inFlight = 0;
  private readonly options: PoolOptions;
  private readonly all = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private queue: Shot[] = [];
  private queueHead = 0;
  private connecting = 0;
  private isClosed = false;

  constructor(options: PoolOptions) {
    this.options = options;
  }

  get connections(): number {
    return this.all.size;
  }

  /** Shots that wait for a connection. */
  get queued(): number {
    return this.queue.length - this.queueHead;
  }

  dispatch(shot: Shot): void {
    this.inFlight++;
    if (this.isClosed) {
      this.settleUnsent(shot, 'aborted', '');
      return;
    }
    const connection = this.takeIdle();
    if (connection !== undefined) {
      this.sendOn(connection, shot);
      return;
    }
    this.queue.push(shot);
    this.grow();
  }

  /** Opens connections ahead of the need. */
  open(count: number): void {
    while (this.all.size < Math.min(count, this.options.maxConnections)) this.openOne();
  }

  /** Fails what is past its deadline. To be called about every 100 ms. */
  sweep(nowMs: number): void {
    const { timeoutMs, connectTimeoutMs } = this.options;
    for (const connection of this.all) {
      const { shot } = connection;
      if (shot !== undefined && nowMs - shot.intendedMs > timeoutMs) connection.destroy('timeout');
      else if (!connection.isReady && nowMs - connection.openedMs > connectTimeoutMs) {
        connection.destroy('connect');
      }
    }
    while (this.queued > 0 && nowMs - this.queue[this.queueHead]!.intendedMs > timeoutMs) {
      this.settleUnsent(this.takeQueued()!, 'timeout', '');
    }
  }

  /** Ends every connection; what is still on its way fails with `aborted`. */
  close(): void {
    this.isClosed = true;
    while (this.queued > 0) this.settleUnsent(this.takeQueued()!, 'aborted', '');
    for (const connection of [...this.all]) connection.destroy('aborted');
  }

  private grow(): void {
    const room = Math.min(this.queued, MOST_CONNECTING);
    if (this.all.size < this.options.maxConnections && this.connecting < room) this.openOne();
  }

  private openOne(): void {
    this.connecting++;
    const connection = new Connection(this.options.address, {
      onReady: (ready) => {
        this.connecting--;
        this.release(ready);
        this.grow();
      },
      onAnswer: (from, shot, answer) => this.settle(from, shot, answer),
      onGone: (gone, error) => this.forget(gone, error),
    });
    this.all.add(connection);
  }

  private release(connection: Connection): void {
    if (connection.isGone) return;
    const shot = this.takeQueued();
    if (shot === undefined) this.idle.push(connection);
    else this.sendOn(connection, shot);
  }

  private sendOn(connection: Connection, shot: Shot): void {
    connection.send(shot, this.options.requests[shot.payload]!);
  }

  private settle(connection: Connection, shot: Shot, answer: Answer): void {
    this.inFlight--;
    this.release(connection);
    this.options.onOutcome({ shot, ...answer });
  }

  private settleUnsent(shot: Shot, failure: FailureKind, detail: string): void {
    this.inFlight--;
    const doneMs = monotonicMs();
    this.options.onOutcome({ shot, failure, status: 0, doneMs, bodyBytes: 0, detail });
  }

  /** A connection that never came up takes the oldest waiting shot with it: its failure has to show. */
  private forget(connection: Connection, error: NodeJS.ErrnoException | undefined): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    if (!connection.isReady) {
      this.connecting--;
      const shot = this.isClosed ? undefined : this.takeQueued();
      if (shot !== undefined) {
        this.settleUnsent(shot, isLocalError(error?.code) ? 'local' : 'connect', error?.message ?? '');
      }
    }
    if (!this.isClosed && this.queued > 0) this.grow();
  }

  private takeIdle(): Connection | undefined {
    return this.idle.pop();
  }

  private takeQueued(): Shot | undefined {
    if (this.queued === 0) return undefined;
    const shot = this.queue[this.queueHead++];
    if (this.queueHead > 1024 && this.queueHead * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.queueHead);
      this.queueHead = 0;
    }
    return shot;
  }
}

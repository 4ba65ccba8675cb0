import type { Http2Session, ServerHttp2Session } from 'node:http2';

/** What `--grpc_channel_arguments` may set of a connection; all in milliseconds. */
export interface SessionTimes {
  /** A connection without calls is closed after this. */
  readonly idle: number | undefined;
  /** A connection is closed at this age, and cut `ageGrace` later. */
  readonly age: number | undefined;
  readonly ageGrace: number | undefined;
  /** A ping is sent this often, and the connection cut when no answer comes within `keepaliveTimeout`. */
  readonly keepalive: number | undefined;
  readonly keepaliveTimeout: number | undefined;
}

const KEEPALIVE_TIMEOUT_MS = 20_000;
/** So that connections opened together do not all come back together. */
const AGE_SPREAD = 0.1;

export function readTimes(channelArguments: Readonly<Record<string, string | number>>): SessionTimes {
  const time = (name: string): number | undefined => {
    const value = channelArguments[`grpc.${name}`];
    return typeof value === 'number' && value > 0 && value < 2 ** 31 ? value : undefined;
  };
  return {
    idle: time('max_connection_idle_ms'),
    age: time('max_connection_age_ms'),
    ageGrace: time('max_connection_age_grace_ms'),
    keepalive: time('keepalive_time_ms'),
    keepaliveTimeout: time('keepalive_timeout_ms'),
  };
}

/** Keeps a connection within its times until it closes. */
export function watchSession(session: ServerHttp2Session, times: SessionTimes): void {
  const stops = [watchAge(session, times), keepAlive(session, times), watchIdle(session, times)];
  session.on('close', () => {
    for (const stop of stops) stop();
  });
}

type Stop = () => void;
const nothing: Stop = () => {};

/** Ends a connection when its calls have ended. */
export function closeSession(session: Http2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

function watchAge(session: ServerHttp2Session, { age, ageGrace }: SessionTimes): Stop {
  if (age === undefined) return nothing;
  let timer = setTimeout(
    () => {
      closeSession(session);
      if (ageGrace !== undefined) timer = setTimeout(() => session.destroy(), ageGrace).unref();
    },
    age * (1 - AGE_SPREAD + 2 * AGE_SPREAD * Math.random()),
  ).unref();
  return () => clearTimeout(timer);
}

function keepAlive(session: ServerHttp2Session, times: SessionTimes): Stop {
  if (times.keepalive === undefined) return nothing;
  let patience: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (patience !== undefined || session.destroyed) return;
    patience = setTimeout(() => session.destroy(), times.keepaliveTimeout ?? KEEPALIVE_TIMEOUT_MS).unref();
    session.ping(() => {
      clearTimeout(patience);
      patience = undefined;
    });
  }, times.keepalive).unref();
  return () => {
    clearInterval(timer);
    clearTimeout(patience);
  };
}

function watchIdle(session: ServerHttp2Session, { idle }: SessionTimes): Stop {
  if (idle === undefined) return nothing;
  let open = 0;
  const wait = () => setTimeout(() => closeSession(session), idle).unref();
  let timer = wait();
  session.on('stream', (stream) => {
    open++;
    clearTimeout(timer);
    stream.on('close', () => {
      open--;
      if (open === 0 && !session.destroyed) timer = wait();
    });
  });
  return () => clearTimeout(timer);
}

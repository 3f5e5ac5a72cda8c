/**
 * Whether the caller of a tail is still there. A tail may be silent for long, so that nothing would be written which
 * could fail; and a connection whose other side is closed is kept, for answers that are on their way.
 */
import type { Context } from 'hono';

import type { AppEnv } from './app-env.ts';

export interface Caller {
  /** Aborts when the caller closes its side or the connection is gone. */
  readonly gone: AbortSignal;
  /** Stops looking. */
  forget(): void;
}

export function watchCaller(c: Context<AppEnv>): Caller {
  const closed = new AbortController();
  const socket = c.env?.incoming?.socket;
  const end = () => closed.abort();
  if (socket?.readableEnded === true) end();
  socket?.once('end', end);
  return {
    gone: AbortSignal.any([closed.signal, c.req.raw.signal]),
    forget: () => void socket?.off('end', end),
  };
}

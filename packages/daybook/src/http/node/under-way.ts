/**
 * What a connection is doing. Node keeps the response that a socket is working on in a member of its own, which its
 * default handler of malformed requests asks too; counting requests ourselves would cost a listener on every one.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The response that is sent next on this connection; undefined when no request waits for one. */
export function responseUnderWay(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

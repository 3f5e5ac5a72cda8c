/**
 * Speaks HTTP with a server and keeps every exchange as it was, in order: what the transcript of a session is made of.
 */
import type { EntryEvent } from '../http/event-reader.ts';
import { readEvents } from '../http/event-reader.ts';

export interface Exchange {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly sent: Readonly<Record<string, string>>;
  readonly sentBody: Buffer | undefined;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** A write that goes to the queue if there is one. */
  readonly toQueue: boolean;
}

export interface Outgoing {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly toQueue?: boolean;
}

export interface Recorder {
  readonly exchanges: readonly Exchange[];
  /** The next exchange. @param path from the origin. */
  send(title: string, path: string, outgoing?: Outgoing): Promise<Exchange>;
  /** An entry without an idempotency key, which goes to the queue if there is one. */
  write(
    title: string,
    path: string,
    body?: string | Buffer,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Exchange>;
  /** The first events of a stream. */
  events(title: string, path: string, count: number, headers?: Record<string, string>): Promise<EntryEvent[]>;
}

export function createRecorder(address: string): Recorder {
  const exchanges: Exchange[] = [];
  let begun = 0;

  async function send(title: string, path: string, outgoing: Outgoing = {}): Promise<Exchange> {
    const { method = 'GET', headers: given = {}, body, toQueue = false } = outgoing;
    // In the order of the requests: one that waits is answered after a later one.
    const index = begun++;
    const sent = { ...given, 'x-request-id': `session-${index + 1}` };
    const response = await fetch(address + path, { method, headers: sent, ...bodyOf(body) });
    const exchange: Exchange = {
      title,
      method,
      path,
      sent,
      sentBody: body === undefined ? undefined : Buffer.from(body),
      status: response.status,
      headers: [...response.headers],
      body: Buffer.from(await response.arrayBuffer()),
      toQueue,
    };
    exchanges[index] = exchange;
    return exchange;
  }

  return {
    exchanges,
    send,
    write: (title, path, body, headers = {}) =>
      send(title, path, {
        method: 'POST',
        headers,
        ...(body !== undefined && { body }),
        toQueue: true,
      }),
    async events(title, path, count, given = {}) {
      const index = begun++;
      const sent = { accept: 'text/event-stream', ...given, 'x-request-id': `session-${index + 1}` };
      const reader = await readEvents(address + path, sent);
      const events = await reader.take(count);
      reader.close();
      // Later ones may have arrived already: the transcript has those that were asked for.
      const blocks = reader.received.split('\n\n').slice(0, count + 1);
      exchanges[index] = {
        title,
        method: 'GET',
        path,
        sent,
        sentBody: undefined,
        status: reader.status,
        headers: [...reader.headers],
        body: Buffer.from(`${blocks.join('\n\n')}\n\n`),
        toQueue: false,
      };
      return events;
    },
  };
}

/** As bytes, for which `fetch` makes no content type up. */
function bodyOf(body: string | Buffer | undefined): { body?: Uint8Array<ArrayBuffer> } {
  return body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) };
}

/**
 * Reads a stream of server-sent events as a client does: the events with data in order, each with the id that a
 * reconnect would send.
 */
import type { EntryView } from '../../src/contract/messages.ts';

export interface EntryEvent {
  readonly id: string;
  readonly entry: EntryView;
}

export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** The id that came last, with or without an event. */
  readonly lastId: string;
  /** Every character received so far. */
  readonly received: string;
  /** The next event. @returns undefined when the stream has ended. */
  next(): Promise<EntryEvent | undefined>;
  /** The next events, fewer only when the stream ends before. */
  take(count: number): Promise<EntryEvent[]>;
  close(): void;
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const gone = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: gone.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let received = '';
  let read = 0;
  let lastId = '';

  /** The next block of lines that a blank line ends. */
  async function nextBlock(): Promise<string | undefined> {
    for (;;) {
      const end = received.indexOf('\n\n', read);
      if (end !== -1) {
        const block = received.slice(read, end);
        read = end + 2;
        return block;
      }
      const part = await reader?.read().catch(() => undefined);
      if (part?.value === undefined) return undefined;
      received += part.value;
    }
  }

  async function next(): Promise<EntryEvent | undefined> {
    for (;;) {
      const block = await nextBlock();
      if (block === undefined) return undefined;
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      lastId = fields.get('id') ?? lastId;
      const data = fields.get('data');
      if (data !== undefined) return { id: lastId, entry: JSON.parse(data) as EntryView };
    }
  }

  return {
    status: response.status,
    headers: response.headers,
    get lastId() {
      return lastId;
    },
    get received() {
      return received;
    },
    next,
    async take(count) {
      const events: EntryEvent[] = [];
      while (events.length < count) {
        const event = await next();
        if (event === undefined) break;
        events.push(event);
      }
      return events;
    },
    close: () => gone.abort(),
  };
}

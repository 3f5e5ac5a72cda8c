/**
 * Two followers of a register as any client could write them, apart from Daybook's own: server-sent events (WHATWG HTML
 * §9.2) and long poll. Both hand over every entry as the JSON text that came.
 */
import { get } from 'node:http';

import { openConnection } from '../support/exchange.ts';

export interface Tail {
  /** Resolves when the server has begun to answer: what is written from now on is followed. */
  readonly started: Promise<void>;
  /** Rejects when the tail breaks; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** @param onEntry the JSON of an entry, and the cursor behind it. */
export function followEvents(
  address: string,
  query: string,
  onEntry: (json: string, cursor: string) => void,
): Tail {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let stopped = false;
  let text = '';

  function take(chunk: string): void {
    const events = (text + chunk).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      started.resolve();
      const fields = new Map(event.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const [data, id] = [fields.get('data'), fields.get('id')];
      if (data !== undefined && id !== undefined) onEntry(data, id);
    }
  }

  function end(error: Error): void {
    started.resolve();
    if (stopped) ended.resolve();
    else ended.reject(error);
  }

  const request = get(`${address}/webhooks?live=sse&${query}`, { agent: false }, (answer) => {
    answer.setEncoding('utf8').on('data', take);
    answer.on('close', () => end(new Error('the event stream ended')));
    answer.on('error', end);
  }).on('error', end);

  return {
    started: started.promise,
    ended: ended.promise,
    stop() {
      stopped = true;
      request.destroy();
    },
  };
}

export interface TailedEntry {
  readonly json: string;
  readonly cursor: string;
}

/** The first entries that an event stream gives, and as many more as came with them. */
export async function readEvents(address: string, query: string, count: number): Promise<TailedEntry[]> {
  const seen: TailedEntry[] = [];
  const enough = Promise.withResolvers<void>();
  const tail = followEvents(address, query, (json, cursor) => {
    seen.push({ json, cursor });
    if (seen.length === count) enough.resolve();
  });
  await Promise.race([enough.promise, tail.ended]).finally(() => tail.stop());
  return seen;
}

export function followByLongPoll(address: string, query: string, onEntry: (json: string) => void): Tail {
  const started = Promise.withResolvers<void>();
  const connection = openConnection(address);
  let stopped = false;

  async function poll(): Promise<void> {
    let place = query;
    while (!stopped) {
      const { status, body } = await connection.exchange({ path: `/webhooks?live=long-poll&${place}` });
      if (status !== 200) throw new Error(`long poll: ${status} ${body}`);
      const page = JSON.parse(body) as { entries: unknown[]; nextCursor: string };
      for (const entry of page.entries) onEntry(JSON.stringify(entry));
      place = `wait=1&cursor=${encodeURIComponent(page.nextCursor)}`;
      started.resolve();
    }
  }

  const ended = poll().finally(() => {
    started.resolve();
    connection.close();
  });
  return { started: started.promise, ended, stop: () => void (stopped = true) };
}

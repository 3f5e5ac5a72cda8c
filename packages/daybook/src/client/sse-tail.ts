/**
 * One connection of a tail by server-sent events: `data` is an entry, `id` the cursor behind it.
 */
import type { EntryView } from '../contract/messages.ts';
import { readText } from './answer-stream.ts';
import { ClientError } from './client-error.ts';
import { createEventStreamParser } from './event-stream.ts';
import type { TailConnection, TailStep } from './tail-place.ts';
import type { Transport } from './transport.ts';

/** The server sends a comment every 15 s: three missing ones mean that nobody is there any more. */
const SILENCE_MS = 45_000;

export function createSseTail(transport: Transport, register: string): TailConnection {
  return async function* follow(place, signal) {
    const response = await transport.open({
      method: 'GET',
      path: [register],
      query: { live: 'sse', ...place },
      accept: 'text/event-stream',
      signal,
    });
    const parser = createEventStreamParser();
    for await (const text of readText(response, {
      baseUrl: transport.baseUrl,
      silenceMs: SILENCE_MS,
      signal,
    })) {
      for (const { id, data } of parser.push(text)) {
        if (id !== undefined) yield toStep(id, data);
      }
    }
  };
}

function toStep(cursor: string, data: string | undefined): TailStep {
  if (data === undefined) return { cursor };
  try {
    return { cursor, json: data, entry: JSON.parse(data) as EntryView };
  } catch (cause) {
    const message = `expected an entry as JSON, given ${JSON.stringify(data.slice(0, 80))}`;
    throw new ClientError('ANSWER_INVALID', message, { retryable: false, cause });
  }
}

/**
 * The reads of the recorded session: entries, their bytes, pages, exports, counts, tails, the books.
 */
import { idToStamp } from '../../src/id.ts';
import type { Exchange } from './recorder.ts';
import type { Talk } from './talk.ts';

export async function readEntries({ send }: Talk, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await send('an entry', `/app/${id}`);
    await send('its bytes', `/app/${id}/payload`);
  }
}

export async function readPages({ send }: Talk): Promise<void> {
  for (const query of ['limit=7', 'limit=7&order=asc']) {
    let answer = await send('a page', `/app?${query}`);
    for (let cursor = cursorOf(answer); cursor !== null; cursor = cursorOf(answer))
      answer = await send('the next one', `/app?${query}&cursor=${cursor}`);
  }
  for (const register of ['lines', 'kept']) await send('all of a register', `/${register}`);
}

export async function readExports({ send }: Talk, [, second = '']: readonly string[]): Promise<void> {
  await send('all lines of JSON, oldest first', '/app?format=ndjson&order=asc');
  await send('the newest as text', '/app?limit=3', { headers: { accept: 'text/plain' } });
  await send('a table behind an entry', `/app?order=asc&format=csv&after=${second}`);
  await send('one from a stamp on', `/app?order=asc&limit=1&from=${idToStamp(second)}`);
  await send('the newest before a stamp', `/app?limit=1&to=${idToStamp(second)}`);
}

/** Before anything else is written: the end is rounded up to a bucket. */
export async function readCounts({ send }: Talk, ids: readonly string[]): Promise<void> {
  const [from, to] = [ids[0] ?? '', ids.at(-1) ?? ''].map(idToStamp);
  for (const bucket of ['second', 'minute', 'hour', 'day'])
    await send(`counts of each ${bucket}`, `/app/stats?bucket=${bucket}&from=${from}&to=${to}`);
}

export async function readTails({ send, events, write, idOf, stored }: Talk): Promise<void> {
  for (const body of ['first', 'second', 'third']) {
    // Stored order is asked for, and a queue keeps none.
    await stored('followed', idOf(await write('an entry to be followed', '/followed', body)));
  }
  const page = await send('a tail from the start', '/followed?live=long-poll&from=start&wait=0');
  const poll = `/followed?live=long-poll&cursor=${cursorOf(page)}`;
  await send('… where nothing follows', `${poll}&wait=0`);
  const waiting = send('… and waits for what comes', `${poll}&wait=30`);
  const [fourth] = await Promise.all([write('an entry meanwhile', '/followed', 'fourth'), waiting]);
  await stored('followed', idOf(fourth));
  const seen = await events('a stream', '/followed?from=start', 3);
  await events('… that goes on where it broke off', '/followed', 2, { 'last-event-id': seen[1]?.id ?? '' });
}

export async function readBooks({ send }: Talk, adminKey: string): Promise<void> {
  const headers = { authorization: `Bearer ${adminKey}` };
  await send('the ledger', '/api/ledger', { headers });
}

function cursorOf({ body }: Exchange): string | null {
  return (JSON.parse(body.toString()) as { nextCursor: string | null }).nextCursor;
}

/**
 * A tail by long poll: one request after the other, each held by the server until there is something to give. Works
 * behind every front. Should a server give cursors for pages only, the entries of a page carry the one before it, but for
 * the last: whoever resumes from one of those gets the page again, and never misses anything.
 */
import type { TailPageView } from '../contract/messages.ts';
import { START_CURSOR } from './tail-place.ts';
import type { TailConnection, TailStep } from './tail-place.ts';
import type { Transport } from './transport.ts';

/** Of any version of the server. */
type GivenPage = Omit<TailPageView, 'cursors'> & Partial<Pick<TailPageView, 'cursors'>>;

const WAIT_SECONDS = 20;
/** The held request and its answer. */
const TIMEOUT_MS = 50_000;

/** Never ends by itself. */
export function createLongPollTail(transport: Transport, register: string): TailConnection {
  return async function* follow(place, signal) {
    let before = place;
    if ('from' in before && before.from === 'now') {
      // A held request that breaks while it waits for what comes "from now" would leave a gap: first fix where now is.
      before = { cursor: await findEnd(transport, register, signal) };
      yield before;
    }
    for (;;) {
      const page = await poll(transport, register, { ...before, wait: WAIT_SECONDS }, signal);
      yield* toSteps(page, 'cursor' in before ? before.cursor : START_CURSOR);
      before = { cursor: page.nextCursor };
    }
  };
}

/** A cursor at the present end of the register. @throws {ClientError} */
async function findEnd(
  transport: Transport,
  register: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  return (await poll(transport, register, { from: 'now', wait: 0 }, signal)).nextCursor;
}

function poll(
  transport: Transport,
  register: string,
  query: Readonly<Record<string, string | number>>,
  signal: AbortSignal | undefined,
): Promise<GivenPage> {
  return transport.readJson({
    method: 'GET',
    path: [register],
    query: { live: 'long-poll', ...query },
    signal,
    timeoutMs: TIMEOUT_MS,
  });
}

function* toSteps({ entries, cursors, nextCursor }: GivenPage, before: string): Generator<TailStep, void> {
  for (const [index, entry] of entries.entries()) {
    const isLast = index === entries.length - 1;
    yield { entry, json: JSON.stringify(entry), cursor: isLast ? nextCursor : (cursors?.[index] ?? before) };
  }
  if (entries.length === 0) yield { cursor: nextCursor };
}

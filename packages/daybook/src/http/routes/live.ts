/**
 * The tail over HTTP: server-sent events (WHATWG HTML §9.2) and long poll. Both give exactly the entries after the
 * cursor, in stored order; every answer and every event carries the cursor to continue with.
 */
import type { StoredEntry } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';
import type { Register } from '../../register.ts';
import type { FollowStart, Follower, TailOptions } from '../../tail/follow.ts';
import { createTail } from '../../tail/follow.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE } from '../answer.ts';
import type { Caller } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { entryToJson } from '../entry-json.ts';
import { pageTexts } from '../page-texts.ts';
import type { Parameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { shownOf } from '../register-view.ts';
import { invalid, wholeNumberOf } from '../parameters.ts';
import { settledStamp } from '../settled-stamp.ts';

export const SSE_PARAMETERS = ['live', 'cursor', 'from', 'format'] as const;
export const LONG_POLL_PARAMETERS = [...SSE_PARAMETERS, 'wait'] as const;

/** Browsers reconnect after this. */
const RECONNECT_MS = 2_000;
/** Keeps proxies from ending an idle stream. */
const COMMENT_EVERY_MS = 15_000;
const DEFAULT_WAIT_SECONDS = 20;
const MAX_WAIT_SECONDS = 30;

/** @param lastEventId what a reconnecting browser sends; it wins over `cursor`. */
function startOf(
  view: RegisterView,
  parameters: Parameters<'cursor' | 'from'>,
  lastEventId?: string,
): FollowStart {
  // Browsers send no Last-Event-ID when they have none; an empty one says nothing either.
  const cursor = lastEventId === '' ? parameters.cursor : (lastEventId ?? parameters.cursor);
  if (cursor !== undefined) return { ...shownOf(view), from: cursor };
  const { from } = parameters;
  if (from !== undefined && from !== 'start' && from !== 'now')
    throw invalid('from', 'start or now for a tail', from);
  return { ...shownOf(view), from: from ?? 'now' };
}

/** How a tail is asked for, besides its parameters. */
interface TailRequest {
  readonly view: RegisterView;
  /** Begins to look whether the caller is still there. */
  readonly watch: () => Caller;
}

export interface LongPollRequest extends TailRequest {
  readonly parameters: Parameters<(typeof LONG_POLL_PARAMETERS)[number]>;
  /** Nobody wants to wait for it. */
  readonly isHead: boolean;
  /** When the front stops waiting; milliseconds of `nowMs`. */
  readonly endsAtMs: number;
}

export interface EventsRequest extends TailRequest {
  readonly parameters: Parameters<(typeof SSE_PARAMETERS)[number]>;
  readonly lastEventId: string | undefined;
}

export interface Live {
  longPoll(request: LongPollRequest): Promise<Answer>;
  events(request: EventsRequest): Promise<Answer>;
}

export interface LiveOptions {
  /** How long a stream of events may be silent before it is given a comment; default 15 000. */
  readonly commentEveryMs?: number;
}

export function createLive(
  context: TailOptions & Pick<HttpContext, 'draining' | 'front' | 'settledThrough'>,
  { commentEveryMs = COMMENT_EVERY_MS }: LiveOptions = {},
): Live {
  const tail = createTail(context);
  const toEvents = createEventTexts();

  return {
    async longPoll({ view, parameters, watch, isHead, endsAtMs }) {
      const waitSeconds = wholeNumberOf('wait', parameters.wait, {
        from: 0,
        to: MAX_WAIT_SECONDS,
        fallback: DEFAULT_WAIT_SECONDS,
      });
      const follower = await tail.follow(startOf(view, parameters));
      const caller = watch();
      try {
        const settledThrough = settledStamp(context);
        const ended = AbortSignal.any([caller.gone, context.draining]);
        const leftMs = Math.max(0, endsAtMs - context.nowMs());
        const { entries, cursor } = await follower.next(
          isHead ? 0 : Math.min(waitSeconds * 1000, leftMs),
          ended,
        );
        await view.assertStillAdmitted();
        const texts = pageTexts(context.front, view.register, entries);
        const cursors = entries.slice(0, texts.length).map((entry) => follower.cursorAt(entry));
        const nextCursor = texts.length < entries.length ? cursors.at(-1) : cursor;
        return {
          status: 200,
          headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
          body: `{"entries":[${texts.join(',')}],"cursors":${JSON.stringify(cursors)},"nextCursor":"${nextCursor}","settledThrough":${JSON.stringify(settledThrough)}}\n`,
        };
      } finally {
        caller.forget();
      }
    },

    async events({ view, parameters, watch, lastEventId }) {
      const follower = await tail.follow(startOf(view, parameters, lastEventId));
      const { cursor } = follower;
      // What retention has overtaken must be answered 410: a stream that is cut would be asked for again without end.
      const first = await follower.next(0);
      const caller = watch();
      const cancelled = new AbortController();
      const ended = AbortSignal.any([cancelled.signal, caller.gone, context.draining]);
      ended.addEventListener('abort', () => caller.forget(), { once: true });
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          // The cursor goes out first, so that a client which is cut off before the first entry can still resume.
          controller.enqueue(Buffer.from(`retry: ${RECONNECT_MS}\nid: ${cursor}\n\n`));
          if (first.entries.length > 0) controller.enqueue(toEvents(view.register, follower, first.entries));
        },
        async pull(controller) {
          const { entries } = await follower.next(commentEveryMs, ended);
          if (cancelled.signal.aborted) return;
          if (!(await isStillAdmitted(view))) {
            // A client that comes again is told why.
            cancelled.abort();
            controller.close();
            return;
          }
          if (entries.length > 0) controller.enqueue(toEvents(view.register, follower, entries));
          else if (!ended.aborted) controller.enqueue(Buffer.from(': still here\n\n'));
          if (ended.aborted) controller.close();
        },
        cancel: () => cancelled.abort(),
      });
      return {
        status: 200,
        headers: {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        },
        body,
      };
    },
  };
}

async function isStillAdmitted(view: RegisterView): Promise<boolean> {
  try {
    await view.assertStillAdmitted();
    return true;
  } catch (thrown) {
    // What cannot be verified at the moment is not held against who was let in.
    if (thrown instanceof DaybookError) return thrown.retryable;
    throw thrown;
  }
}

/** Followers at the same place in every lane are given the same entries and cursors: their text is made once for all of them. */
function createEventTexts() {
  const made = new WeakMap<readonly StoredEntry[], { readonly cursor: string; readonly text: Buffer }>();
  return (register: Register, follower: Follower, entries: readonly StoredEntry[]): Buffer => {
    const { cursor } = follower;
    const known = made.get(entries);
    let text = known?.cursor === cursor ? known.text : undefined;
    if (text === undefined) {
      const events = entries.map(
        (entry) => `id: ${follower.cursorAt(entry)}\ndata: ${entryToJson(register, entry)}\n\n`,
      );
      text = Buffer.from(events.join(''));
      made.set(entries, { cursor, text });
    }
    return text;
  };
}

/**
 * `GET /{register}/{id}` and `/{id}/payload`: one entry, and the exact bytes that came with it. A duplicate is answered
 * with the entry that holds its key, under the id that was asked for.
 */
import type { EntryState } from '../../contract/messages.ts';
import type { StoredEntry } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';
import { idToMicros, idToStamp, isId } from '../../id.ts';
import type { Register } from '../../register.ts';
import { hasOtherRegions } from '../../store/store.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, jsonAnswer, TEXT_TYPE, pageAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { entryToJsonWithin, entryToLine, entryToView } from '../entry-json.ts';
import { entryPage } from '../pages/entry.ts';
import type { RegisterView } from '../register-view.ts';

const DAY_MICROS = 86_400_000_000;
/**
 * What another region acknowledged comes within seconds, or when a region that was cut off is back ("Global tables core
 * concepts" in the Amazon DynamoDB Developer Guide names no limit): an id that is older than this is taken for unknown.
 */
const REPLICATION_MICROS = DAY_MICROS;
/** Entries never change. */
const FOR_EVER = 'private, max-age=31536000, immutable';
/** Whether one with a key is the original may be known later, when another region's has come. */
const FOR_A_MINUTE = 'private, max-age=60';

function cacheControlOf({ store }: HttpContext, { idempotencyKey }: StoredEntry): string {
  return idempotencyKey === undefined || !hasOtherRegions(store) ? FOR_EVER : FOR_A_MINUTE;
}

export async function entryAnswer(
  context: HttpContext,
  view: RegisterView,
  givenId: string,
  format: 'json' | 'html' | 'text',
): Promise<Answer> {
  const id = canonical(givenId);
  const { register } = view;
  const found = await find(context, view, id);
  if (found.status !== 'there') return waitingAnswer(register, id, found.status);
  const { entry, duplicateOf } = found;
  const headers = { 'cache-control': cacheControlOf(context, entry) };
  if (format === 'html') {
    const { version, config } = context;
    const body = entryPage({
      basePath: config.basePath,
      version,
      register,
      entry: entryToView(register, entry, duplicateOf),
    });
    return pageAnswer(body, 200, headers);
  }
  if (format === 'text') {
    const body = `${idToStamp(entry.id)}\t${entry.id}\t${entryToLine(entry)}\n`;
    return { status: 200, headers: { ...headers, 'content-type': TEXT_TYPE }, body };
  }
  return {
    status: 200,
    headers: { ...headers, 'content-type': JSON_TYPE },
    body: `${entryToJsonWithin(context.front.maxAnswerBytes - 1, register, entry, duplicateOf)}\n`,
  };
}

/** As attachment, sandboxed: an open register is otherwise a place to keep scripts for other people's browsers. */
export async function payloadAnswer(
  context: HttpContext,
  view: RegisterView,
  givenId: string,
): Promise<Answer> {
  const id = canonical(givenId);
  const found = await find(context, view, id);
  if (found.status !== 'there') return waitingAnswer(view.register, id, found.status);
  const { entry } = found;
  return {
    status: entry.payload === undefined ? 204 : 200,
    headers: {
      'cache-control': FOR_EVER,
      'content-security-policy': 'sandbox',
      'content-disposition': `attachment; filename="${entry.id}"`,
      ...(entry.payload !== undefined && { 'content-type': safeType(entry.contentType) }),
    },
    body: entry.payload === undefined ? null : Uint8Array.from(entry.payload),
  };
}

/** Read in any case, answered in lower case (RFC 9562 §4). What is no id stays as it is. */
function canonical(givenId: string): string {
  const id = givenId.toLowerCase();
  return isId(id) ? id : givenId;
}

type Sought =
  | { readonly status: 'there'; readonly entry: StoredEntry; readonly duplicateOf?: string }
  | { readonly status: 'pending' | 'dead' };

/** @throws {DaybookError} ENTRY_UNKNOWN, ENTRY_DISCARDED, ENTRY_EXPIRED */
async function find(context: HttpContext, { register, subject }: RegisterView, id: string): Promise<Sought> {
  if (isId(id)) {
    // Before the read: what is settled while it goes on is there already.
    const since = pendingSince(context);
    const found = await context.store.find(register.name, id, subject);
    if (found?.status === 'stored') return { status: 'there', entry: found.entry };
    if (found?.status === 'duplicate') {
      return {
        status: 'there',
        entry: { ...found.first, id },
        duplicateOf: found.first.duplicateOf ?? found.first.id,
      };
    }
    if (found?.status === 'dead') return { status: 'dead' };
    if (found?.status === 'discarded') {
      throw new DaybookError(
        'ENTRY_DISCARDED',
        `expected an entry that is kept, given ${id}, which was discarded`,
      );
    }
    const stamp = idToMicros(id);
    if (found?.status === 'expired' || stamp < keptSince(context, register)) {
      throw new DaybookError(
        'ENTRY_EXPIRED',
        `expected an entry of the last ${register.retentionDays} days, which is what register "${register.name}" keeps, given ${id}`,
      );
    }
    if (stamp > since && stamp <= context.nowMicros()) return { status: 'pending' };
  }
  throw new DaybookError(
    'ENTRY_UNKNOWN',
    `expected the id of an entry of register "${register.name}", given ${JSON.stringify(id.slice(0, 60))}`,
  );
}

/** For every id alike, so that nobody learns from it which of them there were. */
function keptSince({ nowMicros }: HttpContext, { retentionDays }: Register): number {
  return retentionDays === undefined ? -Infinity : nowMicros() - retentionDays * DAY_MICROS;
}

/**
 * What is stamped later than this may be on its way: where it is not known how far all is settled, everything that the
 * queue may still hold, here or in another region, and that may not have come from there. Unix microseconds.
 */
function pendingSince({ queue, store, settledThrough, nowMicros }: HttpContext): number {
  const settled = settledThrough();
  if (settled !== undefined) return settled;
  const queuedMs = queue === undefined ? 0 : (queue.capabilities.retentionMs ?? Infinity);
  // Without a queue or another region it is only not known yet, soon after the start.
  const comesMicros = queue === undefined || hasOtherRegions(store) ? REPLICATION_MICROS : 0;
  return nowMicros() - queuedMs * 1000 - comesMicros;
}

/**
 * For whoever was told that the outcome is unknown: the same for every caller and every id of that time. One that is dead
 * may still be replayed, but nobody can say when.
 */
function waitingAnswer(register: Register, id: string, status: 'pending' | 'dead'): Answer {
  const body: EntryState = { id, register: register.name, receivedAt: idToStamp(id), status };
  return jsonAnswer(body, 202, {
    'cache-control': 'no-store',
    ...(status === 'pending' && { 'retry-after': '1' }),
  });
}

/** What a client once sent as its type may have no place in a header of ours. */
function safeType(contentType: string | undefined): string {
  return contentType !== undefined && /^[\x20-\x7e]+$/.test(contentType)
    ? contentType
    : 'application/octet-stream';
}

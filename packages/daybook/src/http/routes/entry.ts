/**
 * `GET /{register}/{id}` and `/{id}/payload`: one entry, and the exact bytes that came with it.
 */
import type { StoredEntry } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';
import { idToMicros, idToStamp, isId } from '../../id.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, jsonAnswer, TEXT_TYPE, pageAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { entryToJson, entryToLine, entryToView } from '../entry-json.ts';
import { entryPage } from '../pages/entry.ts';

/** Entries never change. */
const FOR_EVER = 'private, max-age=31536000, immutable';

export async function entryAnswer(
  context: HttpContext,
  register: Register,
  id: string,
  format: 'json' | 'html' | 'text',
): Promise<Answer> {
  const entry = await find(context, register, id);
  if (entry === undefined) return pendingAnswer(register, id);
  const headers = { 'cache-control': FOR_EVER };
  if (format === 'html') {
    const { version, config } = context;
    const body = entryPage({
      basePath: config.basePath,
      version,
      register,
      entry: entryToView(register, entry),
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
    body: `${entryToJson(register, entry)}\n`,
  };
}

/** As attachment, sandboxed: an open register is otherwise a place to keep scripts for other people's browsers. */
export async function payloadAnswer(context: HttpContext, register: Register, id: string): Promise<Answer> {
  const entry = await find(context, register, id);
  if (entry === undefined) return pendingAnswer(register, id);
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

/** @returns undefined while it may still be made durable. @throws {DaybookError} ENTRY_UNKNOWN */
async function find(
  { store, intake, nowMicros }: HttpContext,
  register: Register,
  id: string,
): Promise<StoredEntry | undefined> {
  if (isId(id)) {
    // Before the read: what is settled while it goes on is there already.
    const settledThrough = intake.settledThrough();
    const entry = await store.read(register.name, id);
    if (entry !== undefined) return entry;
    const stamp = idToMicros(id);
    if (stamp > settledThrough && stamp <= nowMicros()) return undefined;
  }
  throw new DaybookError(
    'ENTRY_UNKNOWN',
    `expected the id of an entry of register "${register.name}", given ${JSON.stringify(id.slice(0, 60))}`,
  );
}

/** For whoever was told that the outcome is unknown. The same for every caller and every id of that time. */
function pendingAnswer(register: Register, id: string): Answer {
  const pending = { id, register: register.name, receivedAt: idToStamp(id), status: 'pending' };
  return jsonAnswer(pending, 202, { 'cache-control': 'no-store', 'retry-after': '1' });
}

/** What a client once sent as its type may have no place in a header of ours. */
function safeType(contentType: string | undefined): string {
  return contentType !== undefined && /^[\x20-\x7e]+$/.test(contentType)
    ? contentType
    : 'application/octet-stream';
}

/**
 * An entry as JSON text. A JSON payload is spliced in as it came, so that big integers, key order and duplicate keys
 * survive; only the line breaks between its tokens become spaces, so that an entry is always one line.
 */
import type { EntryView } from '../contract/messages.ts';
import type { StoredEntry } from '../entry.ts';
import { payloadKind } from '../entry.ts';
import { idToStamp } from '../id.ts';
import type { Register } from '../register.ts';
import { epochMs } from './write/receipt.ts';

/** Every member but the payload, in the order of the documentation. */
function members(
  register: Register,
  entry: StoredEntry,
): Omit<EntryView, 'payload' | 'payloadEncoding' | 'status' | 'duplicateOf'> {
  const {
    id,
    occurredAt,
    subject,
    requestId,
    clientIp,
    protocol,
    region,
    headers,
    query,
    idempotencyKey,
    contentType,
  } = entry;
  return {
    id,
    register: entry.register,
    receivedAt: idToStamp(id),
    ...(register.showEpochMs && { epochMs: epochMs(id) }),
    ...(occurredAt !== undefined && { occurredAt }),
    subject,
    requestId,
    ...(clientIp !== undefined && { clientIp }),
    protocol,
    region,
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(query !== undefined && { query: { ...query } }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(contentType !== undefined && { contentType }),
  };
}

/**
 * One line, without a newline at its end.
 * @param duplicateOf the entry that was stored, when this one is a link to it; or that another region stored before.
 */
export function entryToJson(
  register: Register,
  entry: StoredEntry,
  duplicateOf: string | undefined = entry.duplicateOf,
): string {
  return toJson(register, entry, duplicateOf, payloadKind(entry));
}

/**
 * The same in at most so many bytes, where that is possible: escaped, a text of controls is six times as long as its bytes,
 * so one that is too long is given as base64, which is a third longer.
 */
export function entryToJsonWithin(
  maxBytes: number,
  register: Register,
  entry: StoredEntry,
  duplicateOf: string | undefined = entry.duplicateOf,
): string {
  const text = entryToJson(register, entry, duplicateOf);
  if (payloadKind(entry) !== 'text' || Buffer.byteLength(text) <= maxBytes) return text;
  return toJson(register, entry, duplicateOf, 'bytes');
}

function toJson(
  register: Register,
  entry: StoredEntry,
  duplicateOf: string | undefined,
  kind: ReturnType<typeof payloadKind>,
): string {
  const head = JSON.stringify(members(register, entry)).slice(0, -1);
  const state = duplicateOf === undefined ? '"stored"' : `"duplicate","duplicateOf":"${duplicateOf}"`;
  return `${head}${payloadMembers(entry, kind)},"status":${state}}`;
}

function payloadMembers(entry: StoredEntry, kind: ReturnType<typeof payloadKind>): string {
  if (entry.payload === undefined) return '';
  const bytes = toBuffer(entry.payload);
  if (kind === 'json') return `,"payload":${bytes.toString('utf8').replaceAll(/[\r\n]+/g, ' ')}`;
  if (kind === 'text') return `,"payload":${JSON.stringify(bytes.toString('utf8'))}`;
  return `,"payload":"${bytes.toString('base64')}","payloadEncoding":"base64"`;
}

/** For pages: JSON payloads are shown as the text that came, not as parsed values, which would change them. */
export function entryToView(
  register: Register,
  entry: StoredEntry,
  duplicateOf: string | undefined = entry.duplicateOf,
): EntryView {
  const state =
    duplicateOf === undefined ? { status: 'stored' as const } : { status: 'duplicate' as const, duplicateOf };
  const view = { ...members(register, entry), ...state };
  if (entry.payload === undefined) return view;
  const bytes = toBuffer(entry.payload);
  if (payloadKind(entry) === 'bytes')
    return { ...view, payload: bytes.toString('base64'), payloadEncoding: 'base64' };
  return { ...view, payload: bytes.toString('utf8') };
}

/** What breaks lines or commands a terminal (C0, DEL, C1, and Unicode's own separators). */
// oxlint-disable-next-line no-control-regex -- they are what it is about
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** The payload alone, as one line of text that is safe in a terminal: controls become spaces, bytes base64. */
export function entryToLine(entry: StoredEntry): string {
  if (entry.payload === undefined) return '';
  const bytes = toBuffer(entry.payload);
  return payloadKind(entry) === 'bytes'
    ? bytes.toString('base64')
    : bytes.toString('utf8').replaceAll(CONTROLS, ' ');
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

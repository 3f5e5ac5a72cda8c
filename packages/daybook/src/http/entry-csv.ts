/**
 * An entry as one CSV record (RFC 4180): fixed columns, and cells that a spreadsheet would take for a formula get a
 * leading apostrophe.
 */
import type { StoredEntry } from '../entry.ts';
import { payloadKind } from '../entry.ts';
import { idToStamp } from '../id.ts';
import { toBuffer } from './entry-json.ts';

export const CSV_COLUMNS = [
  'id',
  'register',
  'receivedAt',
  'occurredAt',
  'subject',
  'requestId',
  'clientIp',
  'protocol',
  'region',
  'headers',
  'query',
  'idempotencyKey',
  'contentType',
  'payloadEncoding',
  'payload',
] as const;

export const CSV_HEADER = `${CSV_COLUMNS.join(',')}\r\n`;

/** What a spreadsheet takes for the start of a formula, the last four in Japanese and Chinese editions. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
const NEEDS_QUOTES = /[",\r\n]/;

export function entryToCsv(entry: StoredEntry): string {
  const bytes = entry.payload && toBuffer(entry.payload);
  const encoded = bytes !== undefined && payloadKind(entry) === 'bytes';
  const values: Record<(typeof CSV_COLUMNS)[number], string | undefined> = {
    id: entry.id,
    register: entry.register,
    receivedAt: idToStamp(entry.id),
    occurredAt: entry.occurredAt,
    subject: entry.subject,
    requestId: entry.requestId,
    clientIp: entry.clientIp,
    protocol: entry.protocol,
    region: entry.region,
    headers: entry.headers && JSON.stringify(entry.headers),
    query: entry.query && JSON.stringify(entry.query),
    idempotencyKey: entry.idempotencyKey,
    contentType: entry.contentType,
    payloadEncoding: encoded ? 'base64' : undefined,
    payload: bytes?.toString(encoded ? 'base64' : 'utf8'),
  };
  return `${CSV_COLUMNS.map((column) => cell(values[column] ?? '')).join(',')}\r\n`;
}

function cell(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

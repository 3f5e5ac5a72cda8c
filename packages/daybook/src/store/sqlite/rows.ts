/**
 * How an entry is laid out in the columns of the `entry` table, and back.
 */
import type { Entry, StoredEntry } from '../../entry.ts';

/** SQLite has one commit order, so one lane. */
export const LANE = 'main';

/** Positions of one block: what a tail of a register that has one entry in it reads to find it. */
export const BLOCK_POSITIONS = 64;

export function blockOf(position: number): number {
  return Math.floor(position / BLOCK_POSITIONS);
}

export interface EntryRow {
  readonly position: number;
  readonly id: Uint8Array;
  readonly register: string;
  readonly subject: string;
  readonly meta: string;
  readonly payload: Uint8Array | null;
}

/** Everything that has no column of its own, as JSON. */
export function toMeta(entry: Entry): string {
  const { occurredAt, requestId, clientIp, protocol, region, headers, query, contentType, idempotencyKey } =
    entry;
  if ((occurredAt ?? headers ?? query ?? idempotencyKey) !== undefined) {
    return JSON.stringify({
      occurredAt,
      requestId,
      clientIp,
      protocol,
      region,
      headers,
      query,
      contentType,
      idempotencyKey,
    });
  }
  if (!isLike(common, entry)) {
    const json = JSON.stringify({ clientIp, protocol, region, contentType }).slice('{'.length);
    common = { clientIp, protocol, region, contentType, json };
  }
  return `{"requestId":${JSON.stringify(requestId)},${common.json}`;
}

type CommonFields = Pick<Entry, 'clientIp' | 'protocol' | 'region' | 'contentType'>;

/** Neighbours mostly differ in their request id only: the rest of their JSON is made once. */
let common: (CommonFields & { readonly json: string }) | undefined;

function isLike(last: typeof common, entry: CommonFields): last is NonNullable<typeof common> {
  return (
    last !== undefined &&
    last.clientIp === entry.clientIp &&
    last.protocol === entry.protocol &&
    last.region === entry.region &&
    last.contentType === entry.contentType
  );
}

export function fromRow(row: EntryRow): StoredEntry {
  const meta = JSON.parse(row.meta) as Omit<Entry, 'id' | 'register' | 'subject' | 'payload'>;
  return {
    id: fromIdBytes(row.id),
    register: row.register,
    subject: row.subject,
    ...meta,
    ...(row.payload !== null && { payload: row.payload }),
    position: { lane: LANE, number: row.position },
  };
}

export function toIdBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export function fromIdBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The next larger id, so that "behind this id" is a plain lower bound. */
export function successor(id: Uint8Array): Uint8Array {
  const next = Uint8Array.from(id);
  for (let i = next.length - 1; i >= 0; i -= 1) {
    const byte = next[i] as number;
    next[i] = (byte + 1) & 0xff;
    if (byte !== 0xff) break;
  }
  return next;
}

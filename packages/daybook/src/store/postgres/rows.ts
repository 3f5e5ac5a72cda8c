/**
 * How an entry is laid out in the columns of the `entries` table, and back.
 */
import type { Entry, StoredEntry } from '../../entry.ts';

/** Writers take turns, so there is one commit order and one lane. */
export const LANE = 'main';

/** No id is smaller. */
export const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** What the queries select; `bigint` comes as text. */
export interface EntryRow {
  readonly id: string;
  readonly position: string;
  readonly subject: string;
  readonly meta: string;
  readonly payload: Buffer | null;
}

/** Everything that has no column of its own, as JSON. */
export function toMeta(entry: Entry): string {
  const { occurredAt, requestId, clientIp, protocol, region, headers, query, contentType, idempotencyKey } =
    entry;
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

export function fromRow(register: string, { id, position, subject, meta, payload }: EntryRow): StoredEntry {
  const rest = JSON.parse(meta) as Omit<Entry, 'id' | 'register' | 'subject' | 'payload'>;
  return {
    id,
    register,
    subject,
    ...rest,
    ...(payload !== null && { payload }),
    position: { lane: LANE, number: Number(position) },
  };
}

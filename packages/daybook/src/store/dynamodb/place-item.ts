/**
 * The item that is the place of an entry: the entry itself once it is stored, before that or instead of it its mark. It
 * is one item, so that one condition tells whether an id has a place.
 */
import type { Entry, StoredEntry } from '../../entry.ts';
import type { Item } from './item.ts';
import { keyItem, keyOf, number, numberAt, text, textAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { toShard } from './keys.ts';

export type Mark = 'duplicate' | 'dead' | 'discarded' | 'retrying';

export type Place =
  | { readonly at: 'stored'; readonly position: number }
  | {
      readonly at: Mark;
      /** Who holds its key: of a duplicate, and of a dead one that conflicts. */
      readonly firstId: string | undefined;
      readonly subject: string;
    };

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html: 400 KB, names included. */
export const MAX_ITEM_BYTES = 400 * 1024;
/** Keys, names of attributes, the position. */
const ITEM_OVERHEAD_BYTES = 512;

type Meta = Omit<Entry, 'id' | 'register' | 'subject' | 'payload' | 'fingerprint'>;

/** Everything that nobody queries, as JSON. */
function toMeta(entry: Entry): string {
  const { occurredAt, requestId, clientIp, protocol, region } = entry;
  const { headers, query, contentType, idempotencyKey } = entry;
  const meta: Meta = { requestId, protocol, region, occurredAt, clientIp };
  return JSON.stringify({ ...meta, headers, query, contentType, idempotencyKey } satisfies Meta);
}

/** Not less than DynamoDB counts. */
export function placeBytes(entry: Entry): number {
  const { subject, payload } = entry;
  return bytesOf(subject, toMeta(entry), payload);
}

function bytesOf(subject: string, meta: string, payload: Uint8Array | undefined): number {
  const texts = Buffer.byteLength(meta) + Buffer.byteLength(subject);
  return ITEM_OVERHEAD_BYTES + texts + (payload?.byteLength ?? 0);
}

/** As {@link placeBytes}, of the item as it was read. */
export function placeItemBytes(item: Item): number {
  return bytesOf(textAt(item, 'subject') ?? '', textAt(item, 'meta') ?? '', item['payload']?.B);
}

export function toEntryItem(key: ItemKey, entry: Entry, position: number): Item {
  const { subject, payload } = entry;
  return {
    ...keyItem(key),
    position: number(position),
    meta: text(toMeta(entry)),
    ...(subject !== '' && { subject: text(subject) }),
    ...(payload && { payload: { B: payload } }),
  };
}

export function toMarkItem(
  key: ItemKey,
  mark: Mark,
  { firstId, subject }: { readonly firstId: string | undefined; readonly subject: string },
): Item {
  return {
    ...keyItem(key),
    mark: text(mark),
    ...(subject !== '' && { subject: text(subject) }),
    ...(firstId !== undefined && { first: text(firstId) }),
  };
}

export function toPlace(item: Item): Place {
  const mark = textAt(item, 'mark') as Mark | undefined;
  if (mark === undefined) return { at: 'stored', position: numberAt(item, 'position') };
  return { at: mark, firstId: textAt(item, 'first'), subject: textAt(item, 'subject') ?? '' };
}

/** @param item one that is no mark. */
export function toStoredEntry(item: Item): StoredEntry {
  const payload = item['payload']?.B;
  const { pk, sk } = keyOf(item);
  const { lane, register } = toShard(pk);
  return {
    id: sk,
    register,
    subject: textAt(item, 'subject') ?? '',
    ...(JSON.parse(textAt(item, 'meta') as string) as Meta),
    ...(payload && { payload }),
    position: { lane, number: numberAt(item, 'position') },
  };
}

/** Ids are unique for ever: another entry under one is a defect, and must not be taken for the one that is stored. */
export function isSameEntry(item: Item, entry: Entry): boolean {
  const stored = Buffer.from(item['payload']?.B ?? []);
  return (
    (textAt(item, 'subject') ?? '') === entry.subject &&
    (item['payload'] === undefined) === (entry.payload === undefined) &&
    stored.equals(entry.payload ?? new Uint8Array(0))
  );
}

/**
 * Reads one entry, or what became of it. A subject is shown its own only: whether an entry is another's or not there at
 * all takes the same requests and answers of the same size.
 */
import type { Found } from '../store.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { bucketOf, keyOfBucket, placeKey } from './buckets.ts';
import type { Item } from './item.ts';
import { keyOf, textAt } from './item.ts';
import { laneOf } from './keys.ts';
import type { Place } from './place-item.ts';
import { toPlace, toStoredEntry } from './place-item.ts';
import { isBehindLine, readRetention } from './retention-state.ts';
import type { Table } from './table.ts';

export interface FindOptions {
  readonly table: Table;
  readonly buckets: Buckets;
  readonly lanes: readonly string[];
}

interface FindQuery {
  readonly register: string;
  readonly id: string;
  readonly subject?: string | undefined;
}

/** What a place is, without what it holds. */
const PLACE_ATTRIBUTES = ['pk', 'sk', 'mark', 'first', 'subject', 'position', 'shards'];
/** Of a day that has no record: what is asked for there is not there. */
const SOME_SHARDS = 1;

export async function findEntry(options: FindOptions, query: FindQuery): Promise<Found | undefined> {
  const { register, id, subject } = query;
  const all = options.lanes.map((lane) => bucketOf(lane, { register, id }));
  if (subject !== undefined && !(await isOwn(options, all, { ...query, subject }))) return undefined;
  await options.buckets.learn(all);
  const item = placeAmong(await options.table.getMany(placeKeys(options, all, id)));
  if (item === undefined) return undefined;
  const place = toPlace(item);
  if (place.at === 'stored') return { status: 'stored', entry: toStoredEntry(item) };
  if (place.at === 'retrying') return undefined;
  return place.at === 'duplicate'
    ? findFirst(options, laneOf(keyOf(item).pk), register, place)
    : { status: place.at };
}

function placeKeys({ buckets }: FindOptions, all: readonly Bucket[], id: string) {
  return all.flatMap((bucket) => {
    const shards = buckets.shardsOf(bucket);
    return shards === undefined ? [] : [placeKey(bucket, shards, id)];
  });
}

/** Beside an entry that another region stored as well, a mark says nothing. */
function placeAmong(items: readonly Item[]): Item | undefined {
  return items.find((item) => toPlace(item).at === 'stored') ?? items[0];
}

/**
 * The places and the records of their days, in one request: whoever asks must not learn from its number whether
 * somebody else has entries on that day.
 */
async function isOwn(
  { table, buckets }: FindOptions,
  all: readonly Bucket[],
  { id, subject }: FindQuery & { readonly subject: string },
): Promise<boolean> {
  const ask = (some: readonly Bucket[]): Promise<Item[]> => {
    const places = some.map((bucket) => placeKey(bucket, buckets.shardsOf(bucket) ?? SOME_SHARDS, id));
    return table.getMany([...some.map(keyOfBucket), ...places], PLACE_ATTRIBUTES);
  };
  const isPlace = (item: Item): boolean => keyOf(item).sk === id;
  const unknown = all.filter((bucket) => buckets.shardsOf(bucket) === undefined);
  const items = await ask(all);
  for (const item of items) if (!isPlace(item)) buckets.heard(item);
  const misplaced = unknown.filter((bucket) => (buckets.shardsOf(bucket) ?? SOME_SHARDS) !== SOME_SHARDS);
  if (misplaced.length > 0) items.push(...(await ask(misplaced)));
  const item = placeAmong(items.filter(isPlace));
  return item !== undefined && subject !== '' && textAt(item, 'subject') === subject;
}

async function findFirst(
  options: FindOptions,
  lane: string,
  register: string,
  { firstId = '' }: Exclude<Place, { at: 'stored' }>,
): Promise<Found | undefined> {
  // Keys are a subject's own, so is the entry that holds one.
  const first = await findEntry(options, { register, id: firstId });
  if (first?.status === 'stored') return { status: 'duplicate', first: first.entry };
  // If it did not expire it has not been replicated yet.
  const state = await readRetention(options.table, { lane, register });
  return isBehindLine(state, firstId) ? { status: 'expired' } : undefined;
}

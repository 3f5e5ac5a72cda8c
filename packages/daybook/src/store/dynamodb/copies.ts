/**
 * A key is unique in a region only, so the same keyed write may have been taken by two. Every reader tells by one rule
 * which is the original: the one with the smaller id. Nothing is written to resolve it, and both stay.
 */
import type { StoredEntry } from '../../entry.ts';
import { keyOf, textAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { idempotencyKey, itemName } from './keys.ts';
import type { Table } from './table.ts';

/** @returns the same entries; those of which another lane has an original say so. */
export async function namedCopies(
  table: Pick<Table, 'getMany'>,
  lanes: readonly string[],
  entries: readonly StoredEntry[],
): Promise<readonly StoredEntry[]> {
  if (lanes.length < 2) return entries;
  const keys = entries.map((entry) => keysElsewhere(lanes, entry));
  const sought = new Map(keys.flat().map((key) => [itemName(key), key]));
  if (sought.size === 0) return entries;
  const found = await table.getMany([...sought.values()], ['pk', 'sk', 'id']);
  const holders = new Map(found.map((item) => [itemName(keyOf(item)), textAt(item, 'id') as string]));
  return entries.map((entry, index) => {
    const ids = (keys[index] ?? []).flatMap((key) => holders.get(itemName(key)) ?? []);
    const original = ids.filter((id) => id < entry.id).toSorted()[0];
    return original === undefined ? entry : { ...entry, duplicateOf: original };
  });
}

/** A lane is called as its region. */
function keysElsewhere(
  lanes: readonly string[],
  { register, subject, idempotencyKey: key, position }: StoredEntry,
): ItemKey[] {
  if (key === undefined) return [];
  const others = lanes.filter((lane) => lane !== position.lane);
  return others.map((lane) => idempotencyKey(lane, { region: lane, register, subject, key }));
}

/**
 * Which batches are on record, by their names, and which are missing below the newest of their source. A batch whose
 * predecessor is not on record leaves a gap item, named after its source and the predecessor; so a gap item whose own
 * number is on record by now has nothing more to tell, and every range that is missing still has one.
 */
import type { Batch } from '../../envelope.ts';
import type { MissingBatches } from '../store.ts';
import { StoreError } from '../store.ts';
import type { Item, Write } from './item.ts';
import { keyItem, keyOf, number, numberAt, textAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { batchKey, gapKey, itemName, pad } from './keys.ts';
import type { Table } from './table.ts';
import { IF_ABSENT } from './transaction.ts';

type Name = Pick<Batch, 'source' | 'n'>;

/** Of a batch on record. */
export interface BatchRecord {
  /** Position of the last entry that was stored when it was recorded. */
  readonly lastPosition: number;
}

export const nameKey = (lane: string, { source, n }: Name): ItemKey => ({
  pk: batchKey(lane, source),
  sk: pad(n),
});

export function putName(tableName: string, lane: string, batch: Batch, lastPosition: number): Write {
  return {
    Put: {
      TableName: tableName,
      Item: {
        ...keyItem(nameKey(lane, batch)),
        entries: number(batch.entries.length),
        total: number(batch.total),
        settledThrough: number(batch.settledThrough),
        lastPosition: number(lastPosition),
      },
      ...IF_ABSENT,
    },
  };
}

/** @throws {StoreError} when the name stands for another batch: that one would be passed over in silence. */
export function toBatchRecord(item: Item, { source, n, entries, total }: Batch): BatchRecord {
  const known = { entries: numberAt(item, 'entries'), total: numberAt(item, 'total') };
  if (known.entries === entries.length && known.total === total)
    return { lastPosition: numberAt(item, 'lastPosition') };
  throw new StoreError(
    'unexpected',
    'not-written',
    `batch ${source}/${n}: expected ${known.entries} entries and total ${known.total}, as it is on record, given ${entries.length} and ${total}`,
  );
}

/** An item's key and what is to be done with it. */
interface KeyedWrite {
  readonly key: ItemKey;
  readonly write: Write;
}

export function checkName(TableName: string, lane: string, name: Name): KeyedWrite {
  const key = nameKey(lane, name);
  const ConditionExpression = 'attribute_exists(pk)';
  return { key, write: { ConditionCheck: { TableName, Key: keyItem(key), ConditionExpression } } };
}

/** Says that the batch before this one was missing when this one came. */
export function putGap(TableName: string, lane: string, batch: Batch, since: number): KeyedWrite {
  const { source, n, total, entries } = batch;
  const key = { pk: gapKey(lane), sk: `${source}#${pad(n - 1)}` };
  return {
    key,
    write: { Put: { TableName, Item: toGapItem({ key, through: total - entries.length, since }) } },
  };
}

interface Gap extends Name {
  readonly key: ItemKey;
  /** Entries of the source up to and including this number. */
  readonly through: number;
  readonly since: number;
}

function toGapItem({ key, through, since }: Pick<Gap, 'key' | 'through' | 'since'>): Item {
  return { ...keyItem(key), through: number(through), since: number(since) };
}

function toGap(item: Item): Gap {
  const key = keyOf(item);
  const at = key.sk.lastIndexOf('#');
  return {
    key,
    source: key.sk.slice(0, at),
    n: Number(key.sk.slice(at + 1)),
    through: numberAt(item, 'through'),
    since: numberAt(item, 'since'),
  };
}

/** Two reads a gap, however many batches there are; forgets gaps that were filled. */
export async function readMissing(table: Table, lane: string): Promise<MissingBatches[]> {
  const gaps: Gap[] = [];
  for await (const item of table.query({ pk: gapKey(lane) })) gaps.push(toGap(item));
  const names = await table.getMany(gaps.map((gap) => nameKey(lane, gap)));
  const onRecord = new Set(names.map(keyOf).map(itemName));
  const filled = gaps.filter((gap) => onRecord.has(itemName(nameKey(lane, gap))));
  const missing: MissingBatches[] = [];
  for (const gap of gaps.filter((one) => !filled.includes(one))) {
    const since = sinceWhen(gap, gaps);
    // What a filled gap above this one knew must not be forgotten with it.
    if (since < gap.since) await table.put(toGapItem({ ...gap, since }));
    const before = await newestBelow(table, lane, gap);
    const entries = gap.through - before.total;
    // It may have come since the names were read.
    if (before.n < gap.n)
      missing.push({ source: gap.source, firstN: before.n + 1, lastN: gap.n, entries, since });
  }
  for (const { key } of filled) await table.delete(key);
  return missing;
}

/** A batch is missing since the first time that any later one of its source was seen. */
function sinceWhen({ source, n }: Gap, gaps: readonly Gap[]): number {
  const later = gaps.filter((gap) => gap.source === source && gap.n >= n);
  return Math.min(...later.map(({ since }) => since));
}

async function newestBelow(table: Table, lane: string, { source, n }: Name) {
  const range = { pk: batchKey(lane, source), to: pad(n), descending: true, pageItems: 1 };
  for await (const item of table.query(range)) {
    return { n: Number(textAt(item, 'sk')), total: numberAt(item, 'total') };
  }
  return { n: 0, total: 0 };
}

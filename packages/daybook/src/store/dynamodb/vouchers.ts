/**
 * Who vouches how far everything of theirs is in its final place. A word that is not binding is forgotten after its
 * lifetime by the database's clock, and its item removed by whoever reads it next.
 */
import type { Vouch } from '../store.ts';
import { VOUCH_LIFETIME_MS } from '../store.ts';
import type { Item } from './item.ts';
import { keyItem, keyOf, number, numberAt } from './item.ts';
import { voucherKey } from './keys.ts';
import type { Table } from './table.ts';

const LIFETIME_MICROS = VOUCH_LIFETIME_MS * 1000;
/** Forgotten for so long that a paused process has renewed its own. */
const REMOVED_AFTER_MICROS = 100 * LIFETIME_MICROS;

export async function putVouch(table: Table, lane: string, vouch: Vouch): Promise<void> {
  const { voucher, region, through, binding } = vouch;
  await table.put({
    ...keyItem({ pk: voucherKey(lane), sk: voucher }),
    region: { S: region },
    through: number(through),
    binding: { BOOL: binding },
    at: number(table.nowMicros()),
  });
}

export async function withdrawVouch(table: Table, lane: string, voucher: string): Promise<void> {
  await table.delete({ pk: voucherKey(lane), sk: voucher });
}

export async function readVouchedThrough(table: Table, lane: string): Promise<number | undefined> {
  const all: Item[] = [];
  for await (const item of table.query({ pk: voucherKey(lane) })) all.push(item);
  const nowMicros = table.nowMicros();
  const ageOf = (item: Item): number => (item['binding']?.BOOL ? 0 : nowMicros - numberAt(item, 'at'));
  for (const item of all) if (ageOf(item) >= REMOVED_AFTER_MICROS) await table.delete(keyOf(item));
  return all
    .filter((item) => ageOf(item) < LIFETIME_MICROS)
    .map((item) => numberAt(item, 'through'))
    .reduce<number | undefined>((least, through) => Math.min(least ?? through, through), undefined);
}

/**
 * What the suite sees of a store through its port: everything that a tail gives, the ledger's sums, one entry.
 */
import assert from 'node:assert/strict';

import type { Entry, StoredEntry } from '../../entry.ts';
import type { LedgerRow, Store } from '../../store/store.ts';

export const PLENTY = 10_000_000;
export const ALL = { order: 'asc', limit: 1000, maxBytes: PLENTY } as const;

const ALL_TIME = { from: 0, to: Number.MAX_SAFE_INTEGER };
const COLUMNS = ['accepted', 'stored', 'duplicate', 'dead', 'discarded', 'expired', 'retrying'] as const;

export type Totals = Readonly<Record<(typeof COLUMNS)[number], number>>;

const NOTHING: Totals = {
  accepted: 0,
  stored: 0,
  duplicate: 0,
  dead: 0,
  discarded: 0,
  expired: 0,
  retrying: 0,
};

/** The columns that are not 0, so that an expectation names only what it is about. */
export function totalsOf(rows: readonly LedgerRow[]): Partial<Totals> {
  const totals = { ...NOTHING };
  for (const row of rows) for (const column of COLUMNS) totals[column] += row[column];
  return Object.fromEntries(Object.entries(totals).filter(([, count]) => count !== 0));
}

export async function ledgerOf(store: Store, register?: string): Promise<LedgerRow[]> {
  const rows = await store.ledger(ALL_TIME, 100_000);
  return register === undefined ? rows : rows.filter((row) => row.register === register);
}

export async function totals(store: Store, register?: string): Promise<Partial<Totals>> {
  return totalsOf(await ledgerOf(store, register));
}

/** @throws {AssertionError} for a row that does not balance or has a negative column. */
export async function assertBalanced(store: Store): Promise<void> {
  for (const row of await ledgerOf(store)) {
    const sum = row.stored + row.duplicate + row.dead + row.discarded + row.expired + row.retrying;
    assert.equal(row.accepted, sum, JSON.stringify(row));
    assert.ok(
      COLUMNS.every((column) => row[column] >= 0),
      JSON.stringify(row),
    );
  }
}

/** Lane after lane, each in its order; small pages, so that their seams are tried as well. */
export async function tailAll(store: Store, register = 'app'): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (const { name: lane } of store.lanes) {
    for (let after = 0; ;) {
      const page = await store.tail({ register, lane, after, limit: 7, maxBytes: PLENTY });
      entries.push(...page.entries);
      if (page.entries.length === 0 && page.through === after) break;
      after = page.through;
    }
  }
  return entries;
}

export async function tailedIds(store: Store, register = 'app'): Promise<string[]> {
  return (await tailAll(store, register)).map(({ id }) => id);
}

/** What a store gives back of an entry: everything but what its key was compared by. */
export function asRead({ fingerprint, ...entry }: Entry): Entry {
  void fingerprint;
  return { ...entry, ...(entry.payload && { payload: Buffer.from(entry.payload) }) };
}

export function withoutPosition({ position, ...entry }: StoredEntry): Entry {
  void position;
  return asRead(entry);
}

/** @throws {AssertionError} unless it is stored as it was given. */
export async function assertStored(store: Store, entry: Entry): Promise<StoredEntry> {
  const found = await store.find(entry.register, entry.id);
  assert.equal(found?.status, 'stored');
  assert.deepEqual(withoutPosition(found.entry), asRead(entry));
  return found.entry;
}

export async function statusOf(store: Store, { register, id }: Entry): Promise<string | undefined> {
  return (await store.find(register, id))?.status;
}

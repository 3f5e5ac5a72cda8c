/**
 * A complete model of a store in memory, on books that outlive it. Nothing can go wrong in it but what its books refuse;
 * what does go wrong with a store is added around it (`simulated-wire.ts`).
 */
import type { Entry, StoredEntry } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import { idToMicros } from '../id.ts';
import type {
  AcknowledgedBatch,
  AppendResult,
  CountQuery,
  Found,
  LedgerRow,
  ListQuery,
  MissingBatches,
  Page,
  PersistResult,
  Store,
  TailPage,
  TailQuery,
} from '../store/store.ts';
import { StoreError, VOUCH_LIFETIME_MS } from '../store/store.ts';
import type { BatchRow, SimulatedBooks } from './simulated-books.ts';
import { discardDead, exceptionsOf, expireOldest, givePlaces, isThere, LANE } from './simulated-books.ts';

export interface SimulatedStoreOptions {
  readonly books: SimulatedBooks;
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
}

const MINUTE_MICROS = 60_000_000;
/** Larger than any entry of a test, smaller than what would hide a mistake. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024;

export function createSimulatedStore({ books, nowMicros }: SimulatedStoreOptions): Store {
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreError('unavailable', 'not-written', 'the store is closed');
  }

  function append(batch: Batch): AppendResult {
    const known = findBatch(books, batch);
    const exceptions =
      known === undefined ? givePlaces(books, batch, { acknowledged: false }) : exceptionsOf(books, batch);
    const number = known?.lastNumber ?? addBatch(books, batch, nowMicros());
    return { lastPosition: { lane: LANE, number }, exceptions };
  }

  function persistOne({ batch, part, leftOut }: AcknowledgedBatch): PersistResult {
    if (!part && findBatch(books, batch) !== undefined) return { exceptions: exceptionsOf(books, batch) };
    const exceptions = givePlaces(books, batch, { acknowledged: true, leftOut });
    if (!part) addBatch(books, batch, nowMicros());
    return { exceptions };
  }

  function replay(entry: Entry): 'stored' | 'duplicate' | 'conflict' {
    if (books.places.get(entry.id)?.place === 'discarded') {
      throw new StoreError('rejected', 'not-written', `expected a dead entry, given ${entry.id}: discarded`);
    }
    const { region } = entry;
    const [exception] = givePlaces(books, { region, entries: [entry] }, { acknowledged: true, revive: true });
    return exception?.kind ?? 'stored';
  }

  return {
    capabilities: {
      driver: 'simulated',
      durability: 'memory',
      durabilityProof: 'it is a model',
      maxEntryBytes: MAX_ENTRY_BYTES,
      maxAtomicEntries: Number.MAX_SAFE_INTEGER,
      live: 'polled',
    },
    lanes: [{ name: LANE, epoch: books.epoch }],
    newestIdAtOpen: books.entries.reduce<string | undefined>(
      (newest, { id }) => (newest === undefined || id > newest ? id : newest),
      undefined,
    ),

    async append(batch) {
      assertOpen();
      return append(batch);
    },
    async persist(batches) {
      assertOpen();
      return batches.map(persistOne);
    },
    async replay(entry) {
      assertOpen();
      return replay(entry);
    },
    async discard(entry) {
      assertOpen();
      return discardDead(books, entry);
    },
    async expire(query) {
      assertOpen();
      return expireOldest(books, query);
    },
    async probe() {
      assertOpen();
    },
    find: async (register, id, subject) => find(books, register, id, subject),
    list: async (query) => list(books, query),
    tail: async (query) => tail(books, query),
    head: async () => books.entries.length,
    count: async (query) => count(books, query),
    async ledger({ from, to }, limit) {
      const rows = [...books.ledger].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
      const isAsked = ({ minute }: LedgerRow) =>
        minute * MINUTE_MICROS >= from && minute * MINUTE_MICROS < to;
      return rows.filter(isAsked).slice(0, limit);
    },
    missingBatches: async () => [...books.batches].flatMap(([source, rows]) => gaps(source, rows)),
    async vouch(vouch) {
      assertOpen();
      books.vouches.set(vouch.voucher, { ...vouch, at: nowMicros() });
    },
    async withdraw(voucher) {
      assertOpen();
      books.vouches.delete(voucher);
    },
    async vouchedThrough() {
      const since = nowMicros() - VOUCH_LIFETIME_MS * 1000;
      const inForce = [...books.vouches.values()].filter(({ binding, at }) => binding || at > since);
      return inForce.length === 0 ? undefined : Math.min(...inForce.map(({ through }) => through));
    },
    time: async () => nowMicros(),
    async close() {
      closed = true;
    },
  };
}

/** @throws {StoreError} when the name is another batch's. */
function findBatch(books: SimulatedBooks, { source, n, entries, total }: Batch): BatchRow | undefined {
  const row = books.batches.get(source)?.get(n);
  if (row !== undefined && (row.entries !== entries.length || row.total !== total)) {
    throw new StoreError('unexpected', 'not-written', `the name ${source}/${n} is another batch's`);
  }
  return row;
}

/** @returns the number of the last entry that is stored now. */
function addBatch(books: SimulatedBooks, { source, n, entries, total }: Batch, storedAt: number): number {
  const rows = books.batches.get(source) ?? new Map<number, BatchRow>();
  const lastNumber = books.entries.length;
  rows.set(n, { n, entries: entries.length, total, lastNumber, storedAt });
  books.batches.set(source, rows);
  return lastNumber;
}

function find(
  books: SimulatedBooks,
  register: string,
  id: string,
  subject: string | undefined,
): Found | undefined {
  const placed = books.places.get(id);
  if (placed === undefined || !isShown(placed, { register, subject }) || placed.place === 'retrying')
    return undefined;
  const { place, entry, firstId = '' } = placed;
  if (place === 'dead' || place === 'discarded') return { status: place };
  if (place === 'expired') return undefined;
  const held = entry ?? books.places.get(firstId)?.entry;
  if (held === undefined) return { status: 'expired' };
  return place === 'stored' ? { status: 'stored', entry: held } : { status: 'duplicate', first: held };
}

function list(books: SimulatedBooks, query: ListQuery): Page {
  const { order, from = 0, to = Number.MAX_SAFE_INTEGER, after, limit, maxBytes } = query;
  const forward = order === 'asc';
  const isAsked = (entry: StoredEntry): boolean => {
    const { id } = entry;
    const behind = after === undefined || (forward ? id > after : id < after);
    const inTime = behind && idToMicros(id) >= from && idToMicros(id) < to;
    return inTime && isShown(entry, query) && isThere(books, entry);
  };
  const sorted = books.entries.filter(isAsked).toSorted((a, b) => (a.id < b.id === forward ? -1 : 1));
  return take(sorted, limit, maxBytes);
}

function tail(books: SimulatedBooks, query: TailQuery): TailPage {
  const { register, after, limit, maxBytes } = query;
  const following = books.entries
    .slice(after)
    .filter((entry) => isShown(entry, query) && isThere(books, entry));
  const { entries, more } = take(following, limit, maxBytes);
  const last = entries.at(-1)?.position.number;
  return {
    entries,
    through: more && last !== undefined ? last : Math.max(after, books.entries.length),
    expiredThrough: books.expiredThrough.get(register) ?? 0,
  };
}

/** Whether the reader asks for entries such as this one. */
function isShown(
  { register, subject }: Pick<Entry, 'register' | 'subject'>,
  asked: { readonly register: string; readonly subject?: string | undefined },
): boolean {
  return register === asked.register && (asked.subject === undefined || subject === asked.subject);
}

function take(entries: readonly StoredEntry[], limit: number, maxBytes: number): Page {
  let bytes = 0;
  let end = 0;
  for (const { payload } of entries) {
    bytes += payload?.byteLength ?? 0;
    if (end === limit || (end > 0 && bytes > maxBytes)) break;
    end += 1;
  }
  return { entries: entries.slice(0, end), more: end < entries.length };
}

function count(books: SimulatedBooks, query: CountQuery): number[] {
  const { from, bucketMicros, buckets } = query;
  const counts = Array.from({ length: buckets }, () => 0);
  for (const entry of books.entries) {
    const bucket = Math.floor((idToMicros(entry.id) - from) / bucketMicros);
    if (bucket in counts && isShown(entry, query) && isThere(books, entry))
      counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

function gaps(source: string, rows: ReadonlyMap<number, BatchRow>): MissingBatches[] {
  const sorted = [...rows.values()].toSorted((a, b) => a.n - b.n);
  return sorted.flatMap(({ n, entries, total }, index) => {
    const before = sorted[index - 1];
    const firstN = (before?.n ?? 0) + 1;
    if (n === firstN) return [];
    const since = Math.min(...sorted.slice(index).map(({ storedAt }) => storedAt));
    return [{ source, firstN, lastN: n - 1, entries: total - entries - (before?.total ?? 0), since }];
  });
}

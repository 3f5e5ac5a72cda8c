/**
 * The books of a simulated store: which place each entry has, who holds which key, which batches arrived, and the ledger
 * that follows from it. Plain data that outlives the stores that are opened on it. Every change is made in one step.
 */
import type { Entry, StoredEntry } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import { idToMicros } from '../id.ts';
import type {
  AppendException,
  DeadEntry,
  ExpireQuery,
  LedgerRow,
  LeftOut,
  StoreError,
  Vouch,
} from '../store/store.ts';

export const LANE = 'main';
const MINUTE_MICROS = 60_000_000;

type Place = 'stored' | 'duplicate' | 'dead' | 'discarded' | 'expired' | 'retrying';

export interface Placed {
  readonly place: Place;
  readonly register: string;
  readonly subject: string;
  /** Who holds its key, for a duplicate and for one that died of it. */
  readonly firstId?: string;
  /** Only of a stored one. */
  readonly entry?: StoredEntry;
}

export interface BatchRow {
  readonly n: number;
  readonly entries: number;
  readonly total: number;
  readonly lastNumber: number;
  readonly storedAt: number;
}

export interface SimulatedBooks {
  readonly epoch: string;
  /** By position: the first has the number 1. */
  readonly entries: StoredEntry[];
  readonly places: Map<string, Placed>;
  readonly keys: Map<string, { readonly firstId: string; readonly fingerprint: Uint8Array }>;
  /** By source and number. */
  readonly batches: Map<string, Map<number, BatchRow>>;
  readonly ledger: Map<string, LedgerRow>;
  /** By register: the newest position that expired. */
  readonly expiredThrough: Map<string, number>;
  readonly vouches: Map<string, Vouch & { readonly at: number }>;
  /** Set by whoever wants to: why the store cannot take an entry, whatever else is in the batch. */
  refuse: (entry: Entry) => StoreError | undefined;
}

export function createSimulatedBooks(epoch = 'epoch-1'): SimulatedBooks {
  return {
    epoch,
    entries: [],
    places: new Map(),
    keys: new Map(),
    batches: new Map(),
    ledger: new Map(),
    expiredThrough: new Map(),
    vouches: new Map(),
    refuse: () => undefined,
  };
}

export interface Giving {
  /** True: an entry whose key is held gets a mark; false: it was never accepted. */
  readonly acknowledged: boolean;
  readonly leftOut?: readonly LeftOut[];
  /** Store dead entries after all. */
  readonly revive?: boolean;
}

/** Gives each entry of a batch its place. @throws {StoreError} before anything is changed. */
export function givePlaces(
  books: SimulatedBooks,
  { region, entries }: Pick<Batch, 'region' | 'entries'>,
  giving: Giving,
): AppendException[] {
  assertTaken(books, entries, giving);
  const leftOut = new Map(giving.leftOut?.map(({ index, as }) => [index, as]));
  return entries.flatMap((entry, index): AppendException[] => {
    const known = books.places.get(entry.id);
    if (known !== undefined && !isOpen(known, giving)) return toException(index, known);
    const as = leftOut.get(index);
    if (as !== undefined) {
      move(books, region, entry, { place: as, ...ownerOf(entry) });
      return [];
    }
    const exception = heldBy(books, region, entry, index);
    if (exception === undefined) {
      const position = { lane: LANE, number: books.entries.length + 1 };
      const stored = { ...entry, position };
      books.entries.push(stored);
      if (entry.idempotencyKey !== undefined) {
        const fingerprint = entry.fingerprint ?? new Uint8Array();
        books.keys.set(keyName(region, entry), { firstId: entry.id, fingerprint });
      }
      move(books, region, entry, { place: 'stored', ...ownerOf(entry), entry: stored });
      return [];
    }
    const { kind, firstId } = exception;
    const place = kind === 'duplicate' ? 'duplicate' : 'dead';
    // One that was dead before died of something else.
    const stays = known?.place === place;
    if (giving.acknowledged && !stays) move(books, region, entry, { place, ...ownerOf(entry), firstId });
    return [exception];
  });
}

/** What {@link givePlaces} would return for entries that have their places. */
export function exceptionsOf(books: SimulatedBooks, { region, entries }: Batch): AppendException[] {
  return entries.flatMap((entry, index) => {
    const known = books.places.get(entry.id);
    if (known !== undefined) return toException(index, known);
    return heldBy(books, region, entry, index) ?? [];
  });
}

export function discardDead(books: SimulatedBooks, { id, register, region }: DeadEntry): boolean {
  const placed = books.places.get(id);
  if (placed?.place === 'dead') move(books, region, { id, register }, { ...placed, place: 'discarded' });
  return placed?.place === 'dead' || placed?.place === 'discarded';
}

/** The oldest of a register, with their keys. @returns how many. */
export function expireOldest(books: SimulatedBooks, { register, before, limit }: ExpireQuery): number {
  const due = books.entries
    .filter((entry) => entry.register === register && idToMicros(entry.id) < before && isThere(books, entry))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  for (const entry of due) {
    const { id, region, idempotencyKey, position } = entry;
    move(books, region, entry, { place: 'expired', ...ownerOf(entry) });
    const name = keyName(region, entry);
    if (idempotencyKey !== undefined && books.keys.get(name)?.firstId === id) books.keys.delete(name);
    const through = Math.max(position.number, books.expiredThrough.get(register) ?? 0);
    books.expiredThrough.set(register, through);
  }
  return due.length;
}

export function isThere(books: SimulatedBooks, { id }: Pick<Entry, 'id'>): boolean {
  return books.places.get(id)?.place === 'stored';
}

function ownerOf({ register, subject }: Entry): Pick<Placed, 'register' | 'subject'> {
  return { register, subject };
}

function isOpen({ place }: Placed, { revive = false }: Giving): boolean {
  return place === 'retrying' || (revive && place === 'dead');
}

function assertTaken(books: SimulatedBooks, entries: readonly Entry[], giving: Giving): void {
  const leftOut = new Set(giving.leftOut?.map(({ index }) => index));
  for (const [index, entry] of entries.entries()) {
    const known = books.places.get(entry.id);
    if (leftOut.has(index) || (known !== undefined && !isOpen(known, giving))) continue;
    const refusal = books.refuse(entry);
    if (refusal !== undefined) throw refusal;
  }
}

function keyName(region: string, { register, subject, idempotencyKey }: Entry): string {
  return JSON.stringify([region, register, subject, idempotencyKey]);
}

function heldBy(
  books: SimulatedBooks,
  region: string,
  entry: Entry,
  index: number,
): AppendException | undefined {
  if (entry.idempotencyKey === undefined) return undefined;
  const holder = books.keys.get(keyName(region, entry));
  if (holder === undefined || holder.firstId === entry.id) return undefined;
  const same = Buffer.compare(holder.fingerprint, entry.fingerprint ?? new Uint8Array()) === 0;
  return { index, kind: same ? 'duplicate' : 'conflict', firstId: holder.firstId };
}

function toException(index: number, { place, firstId }: Placed): AppendException[] {
  if (firstId === undefined || place === 'discarded' || place === 'expired') return [];
  return [{ index, kind: place === 'duplicate' ? 'duplicate' : 'conflict', firstId }];
}

/** Every move keeps its row of the ledger balanced. */
function move(
  books: SimulatedBooks,
  region: string,
  { id, register }: Pick<Entry, 'id' | 'register'>,
  to: Placed,
): void {
  const minute = Math.floor(idToMicros(id) / MINUTE_MICROS);
  const name = `${String(minute).padStart(12, '0')} ${region} ${register}`;
  const nothing = { accepted: 0, stored: 0, duplicate: 0, dead: 0, discarded: 0, expired: 0, retrying: 0 };
  const row = { ...(books.ledger.get(name) ?? { minute, region, register, ...nothing }) };
  const from = books.places.get(id)?.place;
  if (from === undefined) row.accepted += 1;
  else row[from] -= 1;
  row[to.place] += 1;
  books.ledger.set(name, row);
  books.places.set(id, to);
}

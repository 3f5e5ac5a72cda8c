/**
 * The store port: the database that answers reads. Drivers differ by their capabilities, which are data; everything
 * else about them is the same, and one conformance suite (`testing/store-conformance.ts`) holds them to it.
 */
import type { DurabilityLevel } from '../durability.ts';
import type { Entry, Position, StoredEntry } from '../entry.ts';
import type { Batch } from '../envelope.ts';

export interface StoreCapabilities {
  readonly driver: string;
  readonly durability: DurabilityLevel;
  /** How the level is known, for people. */
  readonly durabilityProof: string;
  /** The largest payload, with room left for everything else that an entry has. */
  readonly maxEntryBytes: number;
  /** Batches with more entries than this are written in several transactions, each of them idempotent. */
  readonly maxAtomicEntries: number;
  /** How a tail learns of new entries: `pushed` by the one process that writes, or `polled` from what several share. */
  readonly live: 'pushed' | 'polled';
  /** Other regions write to it too, and what they acknowledged may not have come here: not even the name of their lane. */
  readonly replicated?: true;
}

/** Whether acknowledged entries may be on record elsewhere that nobody here can know of. */
export function hasOtherRegions({ capabilities, lanes }: Pick<Store, 'capabilities' | 'lanes'>): boolean {
  return capabilities.replicated === true || lanes.length > 1;
}

/** How an entry of an appended batch fared when it was not simply stored. */
export interface AppendException {
  /** Its place in the batch. */
  readonly index: number;
  /** `duplicate`: its key is held with the same payload; `conflict`: with another one. Nothing was stored. */
  readonly kind: 'duplicate' | 'conflict';
  /** The entry that holds the key. */
  readonly firstId: string;
}

export interface AppendResult {
  /** Of the last entry that is stored now. */
  readonly lastPosition: Position;
  readonly exceptions: readonly AppendException[];
}

/**
 * A batch that was acknowledged before it reached the store: whatever becomes of its entries, none is dropped. A held key
 * does not refuse an entry here: with the same payload it becomes a link to the first, with another it is dead.
 */
export interface AcknowledgedBatch {
  readonly batch: Batch;
  /**
   * True when these are only some of the entries of the named batch, stored by themselves: the batch's name is not
   * recorded, and each entry counts as one of the batch's that was `retrying` or is not there yet.
   */
  readonly part: boolean;
  /** Entries that are not stored now: given up on, or sent back to the queue by themselves. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  /** Its place in the batch. */
  readonly index: number;
  readonly as: 'dead' | 'retrying';
}

export interface PersistResult {
  /** `duplicate`: a link to the first was stored; `conflict`: marked dead, and the caller writes its dead letter. */
  readonly exceptions: readonly AppendException[];
}

/**
 * Why an append or a read failed; `outcome` says whether an append may have been written all the same.
 *
 *   disk-full, unavailable   transient: the same call succeeds when the cause is gone (throttle, timeout, connection, lock)
 *   rejected                 permanent: an entry that this store can never take (size, encoding, constraint)
 *   unexpected               neither is known
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly reason: 'disk-full' | 'unavailable' | 'rejected' | 'unexpected';
  readonly outcome: 'not-written' | 'unknown';

  constructor(
    reason: StoreError['reason'],
    outcome: StoreError['outcome'],
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.outcome = outcome;
  }
}

export interface ListQuery {
  readonly register: string;
  /** Only the entries of this subject: a register with ownership shows nobody another's. */
  readonly subject?: string;
  /** Only the entries of this lane. */
  readonly lane?: string;
  readonly order: 'asc' | 'desc';
  /** Stamps, Unix microseconds: `from` inclusive, `to` exclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Continue behind this id, in the order asked for. */
  readonly after?: string;
  readonly limit: number;
  /** A page ends early rather than exceed this many payload bytes; it always holds one entry if there is one. */
  readonly maxBytes: number;
}

export interface Page {
  readonly entries: readonly StoredEntry[];
  readonly more: boolean;
}

/** A sequence of entries with one commit order. */
export interface Lane {
  readonly name: string;
  /**
   * New at creation, restore, rebuild and promotion; a cursor of another epoch is expired. It may become another one while
   * the store is open: `head` tells no position without knowing the epoch that it is of.
   */
  readonly epoch: string;
}

export interface TailPage {
  readonly entries: readonly StoredEntry[];
  /** Continue here: every entry of the register up to this number was given. */
  readonly through: number;
  /** The number of the newest entry of the register that retention took; 0 when it took none. */
  readonly expiredThrough: number;
  /** `awaited`: behind the number there is more on record, which has not come here from its region yet. */
  readonly more?: 'awaited';
}

export interface TailQuery {
  readonly register: string;
  /** Only the entries of this subject. */
  readonly subject?: string;
  readonly lane: string;
  /** Entries with a higher number than this. */
  readonly after: number;
  readonly limit: number;
  readonly maxBytes: number;
}

/** One row of the ledger: what became of the entries of one minute, register and region. */
export interface LedgerRow {
  readonly minute: number;
  readonly region: string;
  readonly register: string;
  readonly accepted: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: number;
  readonly discarded: number;
  readonly expired: number;
  /** Of a batch that arrived, sent back to the queue by themselves: `accepted` is the sum of all the others. */
  readonly retrying: number;
}

/** Unix microseconds, `from` inclusive, `to` exclusive. */
export interface StampRange {
  readonly from: number;
  readonly to: number;
}

export interface CountQuery {
  readonly register: string;
  /** Only the entries of this subject; they are counted one by one, in an index. */
  readonly subject?: string;
  /** Unix microseconds, a multiple of the bucket's length. */
  readonly from: number;
  readonly bucketMicros: number;
  readonly buckets: number;
}

/** Batch numbers missing below the highest seen of a source. */
export interface MissingBatches {
  readonly source: string;
  readonly firstN: number;
  readonly lastN: number;
  readonly entries: number;
  /** When the store saw a later batch of the source, and with it the gap; Unix microseconds. */
  readonly since: number;
}

/** What became of an entry. */
export type Found =
  | { readonly status: 'stored'; readonly entry: StoredEntry }
  /** Its key was held already; `first` is the entry that holds it. */
  | { readonly status: 'duplicate'; readonly first: StoredEntry }
  /** `expired`: the entry that holds its key is, so there is nothing left to show. */
  | { readonly status: 'dead' | 'discarded' | 'expired' };

/** The oldest entries of a register that are to go. */
export interface ExpireQuery {
  readonly register: string;
  /** Unix microseconds: entries with a stamp before this. */
  readonly before: number;
  /** Of entries: so that a write waits for no more than these. */
  readonly limit: number;
}

/** What the ledger and the marks know a dead entry by. */
export type DeadEntry = Pick<Entry, 'id' | 'register' | 'region'>;

/** A statement that every entry acknowledged by its maker with a stamp up to `through` is in its final place. */
export interface Vouch {
  /** Who vouches: an intake process, or a local queue that outlives it. */
  readonly voucher: string;
  readonly region: string;
  /** Unix microseconds. */
  readonly through: number;
  /**
   * True when acknowledged entries may wait outside of the store: the word then holds until it is renewed or withdrawn.
   * Otherwise it is forgotten with the process that gave it, after {@link VOUCH_LIFETIME_MS} by the store's clock.
   */
  readonly binding: boolean;
}

export const VOUCH_LIFETIME_MS = 30_000;

export interface Store {
  readonly capabilities: StoreCapabilities;
  /** Our own first. Those of other regions come by and by, as their regions begin to write. */
  readonly lanes: readonly Lane[];
  /** The largest id that was in the store when it was opened: a restart continues above it. */
  readonly newestIdAtOpen: string | undefined;

  /**
   * Appends a batch, all or nothing, with its name, ledger rows and settled mark in the same transaction. Idempotent by
   * batch name and by entry id. Resolves only after the batch is durable at the level of the capabilities.
   * @throws {StoreError} `not-written`: certainly not; `unknown`: repeat the same batch until it is known.
   */
  append(batch: Batch): Promise<AppendResult>;
  /**
   * Stores batches that were acknowledged before: in their order, idempotent by batch name and by entry id, in as few
   * transactions as the driver can. Safe from many processes at once, in any order, any number of times. In the
   * transactions that make the changes the ledger moves by these rules, so that it always balances:
   *
   *   the batch's name is on record      nothing (and the same exceptions as before, but for what was discarded since)
   *   an entry that has a place already  nothing (`retrying` is none: it ends with the next delivery)
   *   an entry that is stored now        accepted + 1, and stored, duplicate or dead + 1
   *   an entry left out                  accepted + 1, and dead or retrying + 1
   *   one that was retrying              retrying − 1 in place of accepted + 1
   *
   * @throws {StoreError} as `append`; after `unknown` the same batches are given again.
   */
  persist(batches: readonly AcknowledgedBatch[]): Promise<readonly PersistResult[]>;
  /**
   * Stores a dead entry after all, at a new position, with its id and stamp: dead − 1, stored or duplicate + 1; one that has
   * no mark (the store was made anew) is accepted as well, and one that is retrying stops being so. Idempotent: what is
   * stored or a duplicate already is left alone and told. A key held with another payload gives `conflict`: the entry stays
   * dead, or is marked so.
   * @throws {StoreError} `rejected` when it was discarded: that is for good.
   */
  replay(entry: Entry): Promise<'stored' | 'duplicate' | 'conflict'>;
  /**
   * Marks a dead entry as given up for good: dead − 1, discarded + 1. Idempotent.
   * @returns whether it is discarded now, by this call or an earlier one; false when it was not dead.
   */
  discard(entry: DeadEntry): Promise<boolean>;
  /**
   * Deletes the oldest entries of a register for good, with their keys and with what links to them, and gives the space
   * back: stored − 1, expired + 1 each. Idempotent, and safe from many processes at once.
   * @returns how many were deleted: fewer than the limit when no more are due.
   */
  expire(query: ExpireQuery): Promise<number>;
  /** Writes one row durably in a table of its own, after clearing whatever an earlier I/O error left. @throws {StoreError} */
  probe(): Promise<void>;

  /** @param subject whose entry it must be; another's is not found. */
  find(register: string, id: string, subject?: string): Promise<Found | undefined>;
  list(query: ListQuery): Promise<Page>;
  tail(query: TailQuery): Promise<TailPage>;
  /**
   * The number of the newest entry of a lane, 0 when there is none.
   * @param lane one that is not known here is looked for: it may have come from its region by now.
   * @param seen a number that somebody claims to have seen: a replica that is not there yet does not deny it.
   */
  head(lane: string, seen?: number): Promise<number>;
  /** Stored entries by stamp in buckets of one length. Whole minutes are answered from the ledger, never by counting entries. */
  count(query: CountQuery): Promise<number[]>;
  /** Ledger rows whose minute begins in the range, oldest first, at most `limit`. */
  ledger(range: StampRange, limit: number): Promise<LedgerRow[]>;
  /** Of our own lane: whether those of another may still come, only the queue of its region can tell. */
  missingBatches(): Promise<MissingBatches[]>;
  /** Records or renews a statement. */
  vouch(vouch: Vouch): Promise<void>;
  /** Takes a statement back: nothing of its maker is outside of the store, and nothing will come. */
  withdraw(voucher: string): Promise<void>;
  /** The least of all statements in force; Unix microseconds, undefined when there is none. */
  vouchedThrough(): Promise<number | undefined>;
  /** The database's own clock, Unix microseconds. */
  time(): Promise<number>;

  close(): Promise<void>;
}

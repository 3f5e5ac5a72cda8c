/**
 * The store port: the database that answers reads. Drivers differ by their capabilities, which are data; everything
 * else about them is the same, and one conformance suite (`testing/store-conformance.ts`) holds them to it.
 */
import type { DurabilityLevel } from '../durability.ts';
import type { Position, StoredEntry } from '../entry.ts';
import type { Batch } from '../envelope.ts';

export interface StoreCapabilities {
  readonly driver: string;
  readonly durability: DurabilityLevel;
  /** How the level is known, for people. */
  readonly durabilityProof: string;
  readonly maxEntryBytes: number;
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

/** Why an append or a read failed; `outcome` says whether an append may have been written all the same. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly reason: 'disk-full' | 'unavailable';
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

export interface TailPage {
  readonly entries: readonly StoredEntry[];
  /** Continue here: every entry of the register up to this number was given. */
  readonly through: number;
}

export interface TailQuery {
  readonly register: string;
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
}

/** Unix microseconds, `from` inclusive, `to` exclusive. */
export interface StampRange {
  readonly from: number;
  readonly to: number;
}

export interface CountQuery {
  readonly register: string;
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
}

export interface Store {
  readonly capabilities: StoreCapabilities;
  /** New at creation, restore, rebuild and promotion; a cursor of another epoch is expired. */
  readonly epoch: string;
  readonly lanes: readonly string[];
  /** The largest id that was in the store when it was opened: a restart continues above it. */
  readonly newestIdAtOpen: string | undefined;

  /**
   * Appends a batch, all or nothing, with its name, ledger rows and settled mark in the same transaction. Idempotent by
   * batch name and by entry id. Resolves only after the batch is durable at the level of the capabilities.
   * @throws {StoreError} `not-written`: certainly not; `unknown`: repeat the same batch until it is known.
   */
  append(batch: Batch): Promise<AppendResult>;
  /** Writes one row durably in a table of its own, after clearing whatever an earlier I/O error left. @throws {StoreError} */
  probe(): Promise<void>;

  read(register: string, id: string): Promise<StoredEntry | undefined>;
  list(query: ListQuery): Promise<Page>;
  tail(query: TailQuery): Promise<TailPage>;
  /** The number of the newest entry of a lane, 0 when there is none. */
  head(lane: string): Promise<number>;
  /** Stored entries by stamp in buckets of one length. Whole minutes are answered from the ledger, never by counting entries. */
  count(query: CountQuery): Promise<number[]>;
  /** Ledger rows whose minute begins in the range, oldest first, at most `limit`. */
  ledger(range: StampRange, limit: number): Promise<LedgerRow[]>;
  missingBatches(): Promise<MissingBatches[]>;
  /** The database's own clock, Unix microseconds. */
  time(): Promise<number>;

  close(): Promise<void>;
}

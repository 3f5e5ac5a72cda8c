/**
 * The SQLite driver of the store port: one writer thread, one reader thread, one file. One process owns the data
 * directory (see `data-directory/own.ts`), so the order of the writer's commits is the order of the lane.
 */
import { constants } from 'node:buffer';

import type { DurabilityLevel } from '../../durability.ts';
import { StartError, toError } from '../../errors.ts';
import type {
  AppendResult,
  Found,
  LedgerRow,
  MissingBatches,
  Page,
  PersistResult,
  Store,
  TailPage,
} from '../store.ts';
import { randomId } from '../../id.ts';
import type { Failure } from '../../sqlite/failure.ts';
import type { Thread } from '../../sqlite/thread.ts';
import { startThread } from '../../sqlite/thread.ts';
import { StoreError } from '../store.ts';
import type { Appended, Replayed } from './append.ts';
import { databaseFileIn } from './database-file.ts';
import { packBatch } from './packed-batch.ts';
import { LANE } from './rows.ts';
// Their code is compiled here, once; they run in threads.
import './reader.ts';
import './writer.ts';

export interface SqliteStoreOptions {
  /** An existing folder; the database is `daybook.db` in it. */
  readonly directory: string;
}

interface WriterReady {
  readonly epoch: string;
  readonly newestId: string | undefined;
  readonly schemaVersion: number;
  readonly durability: { readonly level: DurabilityLevel; readonly proof: string };
}

/** SQLite's own ceiling for a BLOB is SQLITE_MAX_LENGTH, 10^9 (https://www.sqlite.org/limits.html); a batch is one buffer. */
const MAX_ENTRY_BYTES = Math.min(16 * 1024 * 1024, constants.MAX_LENGTH);

/** `.ts` when run from source, `.js` when built. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

function moduleUrl(name: 'reader' | 'writer'): string {
  return new URL(`./${name}${EXTENSION}`, import.meta.url).href;
}

function toStoreError({ reason, outcome, message }: Failure, cause?: unknown): StoreError {
  return new StoreError(reason, outcome, message, cause);
}

/** @throws {StartError} when the database cannot be opened, is corrupt or was written by a newer Daybook. */
export async function createSqliteStore({ directory }: SqliteStoreOptions): Promise<Store> {
  const path = databaseFileIn(directory);
  const writer = await startThread<WriterReady>({
    name: 'store writer',
    module: moduleUrl('writer'),
    data: { path, newEpoch: randomId() },
    toError: toStoreError,
  }).catch((thrown: unknown) => {
    throw new StartError(`store: cannot open ${path}: ${toError(thrown).message}`, { cause: thrown });
  });
  let reader: Promise<Thread<undefined>> | undefined;

  /** The reader starts with the first read: a server that only takes in saves its 12 MB. */
  async function read<T>(method: string, argument?: unknown): Promise<T> {
    reader ??= startThread<undefined>({
      name: 'store reader',
      module: moduleUrl('reader'),
      data: { path },
      toError: toStoreError,
    }).catch((thrown: unknown) => {
      reader = undefined;
      throw new StoreError(
        'unavailable',
        'not-written',
        `the reader does not start: ${toError(thrown).message}`,
        thrown,
      );
    });
    const thread = await reader;
    return thread.call<T>(method, argument);
  }

  const { epoch, newestId, durability } = writer.ready;

  return {
    capabilities: {
      driver: 'sqlite',
      durability: durability.level,
      durabilityProof: durability.proof,
      maxEntryBytes: MAX_ENTRY_BYTES,
      maxAtomicEntries: Number.MAX_SAFE_INTEGER,
      live: 'pushed',
    },
    lanes: [{ name: LANE, epoch }],
    newestIdAtOpen: newestId,

    async append(batch): Promise<AppendResult> {
      const pack = packBatch(batch);
      const { lastPosition, exceptions } = await writer.call<Appended>('append', pack, [pack.buffer]);
      return { lastPosition: { lane: LANE, number: lastPosition }, exceptions };
    },
    async persist(batches) {
      const packs = batches.map(({ batch, part, leftOut }) => ({ batch: packBatch(batch), part, leftOut }));
      const buffers = packs.map(({ batch }) => batch.buffer);
      return await writer.call<PersistResult[]>('persist', packs, buffers);
    },
    async replay(entry) {
      const { region } = entry;
      const pack = packBatch({ source: '', region, n: 0, total: 1, entries: [entry], settledThrough: 0 });
      return await writer.call<Replayed>('replay', pack, [pack.buffer]);
    },
    discard: ({ id, register, region }) => writer.call<boolean>('discard', { id, register, region }),
    expire: (query) => writer.call<number>('expire', query),
    probe: () => writer.call('probe'),
    vouch: (vouch) => writer.call('vouch', vouch),
    withdraw: (voucher) => writer.call('withdraw', voucher),

    find: (register, id, subject) => read<Found | undefined>('find', { register, id, subject }),
    list: (query) => read<Page>('list', query),
    tail: (query) => read<TailPage>('tail', query),
    head: () => read<number>('head'),
    count: (query) => read<number[]>('count', query),
    ledger: (range, limit) => read<LedgerRow[]>('ledger', { range, limit }),
    missingBatches: () => read<MissingBatches[]>('missingBatches'),
    vouchedThrough: () => read<number | undefined>('vouchedThrough'),
    time: () => read<number>('time'),

    async close() {
      // One that failed to start has nothing to close, and was told to whoever asked.
      await (await reader?.catch(() => undefined))?.close();
      await writer.close();
    },
  };
}

/**
 * The SQLite driver of the store port: one writer thread, one reader thread, one file. One process owns the data
 * directory (see `data-directory/own.ts`), so the order of the writer's commits is the order of the lane.
 */
import { constants } from 'node:buffer';
import { join } from 'node:path';

import type { DurabilityLevel } from '../../durability.ts';
import { StartError, toError } from '../../errors.ts';
import type { AppendException, LedgerRow, MissingBatches, Page, Store, TailPage } from '../store.ts';
import { randomId } from '../../id.ts';
import { toColumns } from './columns.ts';
import { LANE } from './rows.ts';
// Their code is compiled here, once; they run in threads.
import './reader.ts';
import './writer.ts';
import { startThread } from './thread.ts';

export interface SqliteStoreOptions {
  /** An existing folder; the database is `daybook.db` in it. */
  readonly directory: string;
}

interface WriterReady {
  readonly epoch: string;
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

/** @throws {StartError} when the database cannot be opened, is corrupt or was written by a newer Daybook. */
export async function createSqliteStore({ directory }: SqliteStoreOptions): Promise<Store> {
  const path = join(directory, 'daybook.db');
  const writer = await startThread<WriterReady>('writer', moduleUrl('writer'), {
    path,
    newEpoch: randomId(),
  }).catch((thrown: unknown) => {
    throw new StartError(`store: cannot open ${path}: ${toError(thrown).message}`, { cause: thrown });
  });
  const reader = await startThread<undefined>('reader', moduleUrl('reader'), { path });
  const { epoch, durability } = writer.ready;

  return {
    capabilities: {
      driver: 'sqlite',
      durability: durability.level,
      durabilityProof: durability.proof,
      maxEntryBytes: MAX_ENTRY_BYTES,
    },
    epoch,
    lanes: [LANE],

    async append(batch) {
      const columns = toColumns(batch);
      const { lastPosition, exceptions } = await writer.call<{
        lastPosition: number;
        exceptions: readonly AppendException[];
      }>('append', columns, [columns.payloads.buffer]);
      return { lastPosition: { lane: LANE, number: lastPosition }, exceptions };
    },
    probe: () => writer.call('probe'),

    read: (register, id) => reader.call('read', { register, id }),
    list: (query) => reader.call<Page>('list', query),
    tail: (query) => reader.call<TailPage>('tail', query),
    head: () => reader.call<number>('head'),
    count: (query) => reader.call<number[]>('count', query),
    ledger: (range, limit) => reader.call<LedgerRow[]>('ledger', { range, limit }),
    missingBatches: () => reader.call<MissingBatches[]>('missingBatches'),
    newestId: () => reader.call<string | undefined>('newestId'),
    time: () => reader.call<number>('time'),

    async close() {
      await reader.close();
      await writer.close();
    },
  };
}

/**
 * The writes of entries, each one transaction: entries, keys, marks, batch names and ledger rows together. Runs in the
 * writer thread. Repeating any of them changes nothing and gives the first result again.
 */
import type { DatabaseSync } from 'node:sqlite';

import { ThreadFailure } from '../../sqlite/thread-server.ts';
import type { AppendException, DeadEntry, LeftOut, PersistResult } from '../store.ts';
import { createBatchRecord } from './batch-record.ts';
import type { BatchColumns } from './columns.ts';
import { createLedger, createLedgerChanges } from './ledger.ts';
import { createMarks } from './marks.ts';
import { createPlaces } from './places.ts';

export interface Appended {
  readonly lastPosition: number;
  readonly exceptions: readonly AppendException[];
}

/** An `AcknowledgedBatch` as it crosses to the thread. */
export interface AcknowledgedColumns {
  readonly batch: BatchColumns;
  readonly part: boolean;
  readonly leftOut: readonly LeftOut[];
}

export type Replayed = 'stored' | 'duplicate' | 'conflict';

/** Each takes `commit`, the caller's, who must know whether a failure came from it. */
export interface Writes {
  append(batch: BatchColumns, commit: () => void): Appended;
  persist(batches: readonly AcknowledgedColumns[], commit: () => void): PersistResult[];
  /** @param batch of one entry; its name means nothing. */
  replay(batch: BatchColumns, commit: () => void): Replayed;
  discard(entry: DeadEntry, commit: () => void): boolean;
}

/** Prepares every statement once. */
export function createWrites(db: DatabaseSync): Writes {
  const record = createBatchRecord(db);
  const places = createPlaces(db);
  const marks = createMarks(db);
  const addToLedger = createLedger(db);

  function append(batch: BatchColumns): Appended {
    const known = record.find(batch);
    if (known !== undefined) return { lastPosition: known, exceptions: places.exceptionsOf(batch) };
    const exceptions = places.give({ batch, acknowledged: false });
    return { lastPosition: record.add(batch), exceptions };
  }

  function persistOne({ batch, part, leftOut }: AcknowledgedColumns): PersistResult {
    // The places of a part's entries are known by themselves, so it does not matter whether its batch came before it.
    if (!part && record.find(batch) !== undefined) return { exceptions: places.exceptionsOf(batch) };
    const exceptions = places.give({ batch, acknowledged: true, leftOut });
    if (!part) record.add(batch);
    return { exceptions };
  }

  function replay(batch: BatchColumns): Replayed {
    const [id = ''] = batch.ids;
    const mark = marks.among(batch.ids).get(id);
    if (mark?.place === 'discarded') {
      const message = `replay: expected a dead entry, given ${id}, which was discarded`;
      throw new ThreadFailure({ reason: 'rejected', outcome: 'not-written', message });
    }
    const [exception] = places.give({ batch, acknowledged: true, revive: true });
    return exception?.kind ?? 'stored';
  }

  function discard({ id, register, region }: DeadEntry): boolean {
    const place = marks.among([id]).get(id)?.place;
    if (place !== 'dead') return place === 'discarded';
    marks.put(id, register, 'discarded');
    const changes = createLedgerChanges();
    changes.move({ id, register }, 'dead', 'discarded');
    addToLedger(region, changes);
    return true;
  }

  function inTransaction<A, T>(write: (argument: A) => T): (argument: A, commit: () => void) => T {
    return (argument, commit) => {
      db.exec('BEGIN IMMEDIATE');
      const result = write(argument);
      commit();
      return result;
    };
  }

  return {
    append: inTransaction(append),
    persist: inTransaction((batches: readonly AcknowledgedColumns[]) => batches.map(persistOne)),
    replay: inTransaction(replay),
    discard: inTransaction(discard),
  };
}

/**
 * The writes of entries, each one transaction: entries, keys, marks, batch names and ledger rows together. Runs in the
 * writer thread. Repeating any of them changes nothing and gives the first result again.
 */
import type { DatabaseSync } from 'node:sqlite';

import { ThreadFailure } from '../../sqlite/thread-server.ts';
import type { AppendException, DeadEntry, LeftOut, PersistResult } from '../store.ts';
import { createBatchRecord } from './batch-record.ts';
import { createLedger, createLedgerChanges } from './ledger.ts';
import { createMarks } from './marks.ts';
import type { PackedBatch } from './packed-batch.ts';
import { createPlaces } from './places.ts';

export interface Appended {
  readonly lastPosition: number;
  readonly exceptions: readonly AppendException[];
}

/** An `AcknowledgedBatch` as it crosses to the thread. */
export interface AcknowledgedPack {
  readonly batch: PackedBatch;
  readonly part: boolean;
  readonly leftOut: readonly LeftOut[];
}

export type Replayed = 'stored' | 'duplicate' | 'conflict';

/** Each takes `commit`, the caller's, who must know whether a failure came from it. */
export interface Writes {
  append(batch: PackedBatch, commit: () => void): Appended;
  persist(batches: readonly AcknowledgedPack[], commit: () => void): PersistResult[];
  /** @param batch of one entry; its name means nothing. */
  replay(batch: PackedBatch, commit: () => void): Replayed;
  discard(entry: DeadEntry, commit: () => void): boolean;
}

/** Prepares every statement once. */
export function createWrites(db: DatabaseSync): Writes {
  const record = createBatchRecord(db);
  const marks = createMarks(db);
  const places = createPlaces(db, marks);
  const addToLedger = createLedger(db);

  function append(batch: PackedBatch): Appended {
    const known = record.find(batch);
    if (known !== undefined) return { lastPosition: known, exceptions: places.exceptionsOf(batch) };
    const placed = places.give({ batch, acknowledged: false });
    record.add(batch, placed.lastPosition);
    return placed;
  }

  function persistOne({ batch, part, leftOut }: AcknowledgedPack): PersistResult {
    // The places of a part's entries are known by themselves, so it does not matter whether its batch came before it.
    if (!part && record.find(batch) !== undefined) return { exceptions: places.exceptionsOf(batch) };
    const { exceptions, lastPosition } = places.give({ batch, acknowledged: true, leftOut });
    if (!part) record.add(batch, lastPosition);
    return { exceptions };
  }

  function replay(batch: PackedBatch): Replayed {
    const id = batch.smallestId;
    if (marks.of(id)?.place === 'discarded') {
      const message = `replay: expected a dead entry, given ${id}, which was discarded`;
      throw new ThreadFailure({ reason: 'rejected', outcome: 'not-written', message });
    }
    const { exceptions } = places.give({ batch, acknowledged: true, revive: true });
    return exceptions[0]?.kind ?? 'stored';
  }

  function discard({ id, register, region }: DeadEntry): boolean {
    const place = marks.of(id)?.place;
    if (place !== 'dead') return place === 'discarded';
    marks.move(id, 'discarded');
    const changes = createLedgerChanges();
    changes.move({ id, register }, 'dead', 'discarded');
    addToLedger(region, changes);
    return true;
  }

  const begin = db.prepare('BEGIN IMMEDIATE');

  function inTransaction<A, T>(write: (argument: A) => T): (argument: A, commit: () => void) => T {
    return (argument, commit) => {
      begin.run();
      const result = write(argument);
      commit();
      return result;
    };
  }

  return {
    append: inTransaction(append),
    persist: inTransaction((batches: readonly AcknowledgedPack[]) => batches.map(persistOne)),
    replay: inTransaction(replay),
    discard: inTransaction(discard),
  };
}

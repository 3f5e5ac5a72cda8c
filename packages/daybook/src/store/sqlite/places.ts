/**
 * Gives each entry of a batch its place, once: stored, a link to the first entry of its key, dead, or back in the queue.
 * An entry that has a place already keeps it, whatever comes again. Runs in the writer thread, in the caller's
 * transaction, and moves the ledger with it.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { AppendException, LeftOut } from '../store.ts';
import { createEntryInsert } from './entry-insert.ts';
import type { KeyHolder } from './keys.ts';
import { createKeys, keyName } from './keys.ts';
import type { MovedEntry, Place } from './ledger.ts';
import { createLedger, createLedgerChanges } from './ledger.ts';
import type { Mark, MarkedEntry, Marks } from './marks.ts';
import type { PackedBatch, PackedKey, Run } from './packed-batch.ts';
import { readBatch } from './packed-batch.ts';

export interface Placing {
  readonly batch: PackedBatch;
  /** True: an entry whose key is held gets a mark; false: it was never accepted. */
  readonly acknowledged: boolean;
  readonly leftOut?: readonly LeftOut[];
  /** Store dead entries after all. */
  readonly revive?: boolean;
}

export interface Placed {
  /** Entries that were not stored because of their key, by their place in the batch. */
  readonly exceptions: readonly AppendException[];
  /** Of the newest entry in the store. */
  readonly lastPosition: number;
}

export interface Places {
  give(placing: Placing): Placed;
  /** The exceptions of a batch that is on record. */
  exceptionsOf(batch: PackedBatch): AppendException[];
}

export function createPlaces(db: DatabaseSync, marks: Marks): Places {
  const entries = createEntryInsert(db);
  const keys = createKeys(db);
  const addToLedger = createLedger(db);

  function give({ batch, acknowledged, leftOut = [], revive = false }: Placing): Placed {
    const reader = readBatch(batch);
    const marked = marks.among(batch);
    const changes = createLedgerChanges(batch.counts);
    const exceptions: AppendException[] = [];
    const aside = new Set<number>();
    const movable = (mark: Mark) => mark.place === 'retrying' || (revive && mark.place === 'dead');

    const entryAt = (index: number): MovedEntry & MarkedEntry => {
      const { register, subject } = runAt(batch, index);
      return { id: reader.idAt(index), register, subject };
    };
    /** Undefined: it is accepted now. */
    const placeOf = (index: number): Place | undefined => marked.get(reader.idAt(index))?.place;

    /** It has a place and stays there, or has none and gets none. */
    function setAside(index: number): void {
      aside.add(index);
      changes.takeBack(entryAt(index));
    }

    function mark(index: number, place: Mark['place'], firstId?: string): void {
      const entry = entryAt(index);
      setAside(index);
      if (placeOf(index) === place) return;
      changes.move(entry, placeOf(index), place);
      marks.put(entry, place, firstId);
    }

    if (marked.size > 0) {
      for (let index = 0; index < batch.entries; index += 1) {
        const found = marked.get(reader.idAt(index));
        if (found === undefined || movable(found)) continue;
        setAside(index);
        const exception = exceptionOf(index, found);
        if (exception !== undefined) exceptions.push(exception);
      }
    }
    for (const { index, as } of leftOut) {
      if (aside.has(index)) continue;
      if (entries.isStored(runAt(batch, index).register, reader.idsFrom(index, 1))) setAside(index);
      else mark(index, as);
    }
    const claimed = new Map<string, KeyHolder>();
    const toClaim: PackedKey[] = [];
    for (const key of batch.keys) {
      if (aside.has(key.index)) continue;
      const name = keyName(key);
      const holder = claimed.get(name) ?? keys.holderOf(batch.region, key);
      const firstId = reader.idAt(key.index);
      if (holder === undefined) toClaim.push(key);
      if (holder === undefined || holder.firstId === firstId) {
        claimed.set(name, { firstId, fingerprint: key.fingerprint });
        continue;
      }
      const exception = heldBy(holder, key);
      exceptions.push(exception);
      if (!acknowledged) setAside(key.index);
      else mark(key.index, exception.kind === 'duplicate' ? 'duplicate' : 'dead', holder.firstId);
    }

    const { notStored, lastPosition } = entries.insert(batch, reader, aside);
    for (const index of notStored) setAside(index);
    for (const key of toClaim) keys.claim(batch.region, key, reader.idsFrom(key.index, 1));
    if (marked.size > 0) {
      for (let index = 0; index < batch.entries; index += 1) {
        const found = aside.has(index) ? undefined : marked.get(reader.idAt(index));
        if (found === undefined) continue;
        const entry = entryAt(index);
        changes.takeBack(entry);
        changes.move(entry, found.place, 'stored');
        marks.remove(entry.id);
      }
    }
    addToLedger(batch.region, changes);
    return { exceptions: exceptions.toSorted((a, b) => a.index - b.index), lastPosition };
  }

  function exceptionsOf(batch: PackedBatch): AppendException[] {
    if (batch.keys.length === 0) return [];
    const reader = readBatch(batch);
    const marked = marks.among(batch);
    return batch.keys.flatMap((key): AppendException[] => {
      const id = reader.idAt(key.index);
      const mark = marked.get(id);
      if (mark !== undefined) return [exceptionOf(key.index, mark) ?? []].flat();
      const holder = keys.holderOf(batch.region, key);
      return holder === undefined || holder.firstId === id ? [] : [heldBy(holder, key)];
    });
  }

  return { give, exceptionsOf };
}

function runAt({ runs }: PackedBatch, index: number): Run {
  let end = 0;
  for (const run of runs) {
    end += run.entries;
    if (index < end) return run;
  }
  throw new RangeError(`expected a place in the batch, given ${index}`);
}

function heldBy({ firstId, fingerprint }: KeyHolder, key: PackedKey): AppendException {
  const same = Buffer.compare(fingerprint, key.fingerprint) === 0;
  return { index: key.index, kind: same ? 'duplicate' : 'conflict', firstId };
}

/** A dead entry without a first one was given up on by the caller, who knows it. */
function exceptionOf(index: number, { place, firstId }: Mark): AppendException | undefined {
  if (firstId === undefined || (place !== 'duplicate' && place !== 'dead')) return undefined;
  return { index, kind: place === 'duplicate' ? 'duplicate' : 'conflict', firstId };
}

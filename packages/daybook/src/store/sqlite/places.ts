/**
 * Gives each entry of a batch its place, once: stored, a link to the first entry of its key, dead, or back in the queue.
 * An entry that has a place already keeps it, whatever comes again. Runs in the writer thread, in the caller's
 * transaction, and moves the ledger with it.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { AppendException, LeftOut } from '../store.ts';
import type { BatchColumns } from './columns.ts';
import { createEntryInsert } from './entry-insert.ts';
import type { KeyColumn, KeyHolder } from './keys.ts';
import { createKeys, keyName } from './keys.ts';
import type { MovedEntry, Place } from './ledger.ts';
import { createLedger, createLedgerChanges } from './ledger.ts';
import type { Mark } from './marks.ts';
import { createMarks } from './marks.ts';

export interface Placing {
  readonly batch: BatchColumns;
  /** True: an entry whose key is held gets a mark; false: it was never accepted. */
  readonly acknowledged: boolean;
  readonly leftOut?: readonly LeftOut[];
  /** Store dead entries after all. */
  readonly revive?: boolean;
}

export interface Places {
  /** @returns the entries that were not stored because of their key, by their place in the batch. */
  give(placing: Placing): AppendException[];
  /** What `give` returned for a batch that is on record. */
  exceptionsOf(batch: BatchColumns): AppendException[];
}

export function createPlaces(db: DatabaseSync): Places {
  const entries = createEntryInsert(db);
  const marks = createMarks(db);
  const keys = createKeys(db);
  const addToLedger = createLedger(db);

  function give({ batch, acknowledged, leftOut = [], revive = false }: Placing): AppendException[] {
    const marked = marks.among(batch.ids);
    const changes = createLedgerChanges(batch.counts);
    const exceptions: AppendException[] = [];
    const aside = new Set<number>();
    const movable = (mark: Mark) => mark.place === 'retrying' || (revive && mark.place === 'dead');

    /** Undefined: it is accepted now. */
    const placeOf = (index: number): Place | undefined => marked.get(batch.ids[index] as string)?.place;

    /** It has a place and stays there, or has none and gets none. */
    function setAside(index: number): void {
      aside.add(index);
      changes.takeBack(entryAt(batch, index));
    }

    function mark(index: number, place: Mark['place'], firstId?: string): void {
      const entry = entryAt(batch, index);
      setAside(index);
      if (placeOf(index) === place) return;
      changes.move(entry, placeOf(index), place);
      marks.put(entry.id, entry.register, place, firstId);
    }

    if (marked.size > 0) {
      for (const [index, id] of batch.ids.entries()) {
        const found = marked.get(id);
        if (found === undefined || movable(found)) continue;
        setAside(index);
        const exception = exceptionOf(index, found);
        if (exception !== undefined) exceptions.push(exception);
      }
    }
    for (const { index, as } of leftOut) {
      if (aside.has(index)) continue;
      if (entries.isStored(batch.ids[index] as string)) setAside(index);
      else mark(index, as);
    }
    const claimed = new Map<string, KeyHolder>();
    const toClaim: KeyColumn[] = [];
    for (const key of batch.keys) {
      if (aside.has(key.index)) continue;
      const name = keyName(batch, key);
      const holder = claimed.get(name) ?? keys.holderOf(batch, key);
      const firstId = batch.ids[key.index] as string;
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

    for (const index of entries.insert(batch, aside)) setAside(index);
    for (const key of toClaim) keys.claim(batch, key);
    for (const [id, found] of marked) {
      const index = movable(found) ? batch.ids.indexOf(id) : -1;
      if (index < 0 || aside.has(index)) continue;
      changes.takeBack(entryAt(batch, index));
      changes.move(entryAt(batch, index), found.place, 'stored');
      marks.remove(id);
    }
    addToLedger(batch.region, changes);
    return exceptions.toSorted((a, b) => a.index - b.index);
  }

  function exceptionsOf(batch: BatchColumns): AppendException[] {
    if (batch.keys.length === 0) return [];
    const marked = marks.among(batch.ids);
    return batch.keys.flatMap((key): AppendException[] => {
      const id = batch.ids[key.index] as string;
      const mark = marked.get(id);
      if (mark !== undefined) return [exceptionOf(key.index, mark) ?? []].flat();
      const holder = keys.holderOf(batch, key);
      return holder === undefined || holder.firstId === id ? [] : [heldBy(holder, key)];
    });
  }

  return { give, exceptionsOf };
}

function entryAt({ ids, registers }: BatchColumns, index: number): MovedEntry {
  return { id: ids[index] as string, register: registers[index] as string };
}

function heldBy({ firstId, fingerprint }: KeyHolder, key: KeyColumn): AppendException {
  const same = Buffer.compare(fingerprint, key.fingerprint) === 0;
  return { index: key.index, kind: same ? 'duplicate' : 'conflict', firstId };
}

/** A dead entry without a first one was given up on by the caller, who knows it. */
function exceptionOf(index: number, { place, firstId }: Mark): AppendException | undefined {
  if (firstId === undefined || (place !== 'duplicate' && place !== 'dead')) return undefined;
  return { index, kind: place === 'duplicate' ? 'duplicate' : 'conflict', firstId };
}

/**
 * The ledger's rows: how many entries of a minute, region and register are in which place. Changes are gathered for a
 * batch and written with it. An entry that moves leaves one column for another, and one that is new is accepted in the
 * same step, so every change keeps a row balanced; the table checks it.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { MinuteCount } from '../../envelope.ts';
import { idToMicros } from '../../id.ts';

/** Where an accepted entry is. */
export type Place = 'stored' | 'duplicate' | 'dead' | 'discarded' | 'expired' | 'retrying';

type Change = { register: string; minute: number; accepted: number } & Record<Place, number>;

export interface LedgerChanges {
  /** @param from undefined: it is accepted now. */
  move(entry: MovedEntry, from: Place | undefined, to: Place): void;
  /** It was counted as stored now and is not. */
  takeBack(entry: MovedEntry): void;
  all(): Iterable<Change>;
}

export interface MovedEntry {
  readonly id: string;
  readonly register: string;
}

const MINUTE_MICROS = 60_000_000;

/** @param counts entries that are accepted and stored now, but for corrections. */
export function createLedgerChanges(counts: readonly MinuteCount[] = []): LedgerChanges {
  const changes = new Map<string, Change>();

  function changeOf(register: string, minute: number): Change {
    const key = `${minute} ${register}`;
    let change = changes.get(key);
    if (change === undefined) {
      change = {
        register,
        minute,
        accepted: 0,
        stored: 0,
        duplicate: 0,
        dead: 0,
        discarded: 0,
        expired: 0,
        retrying: 0,
      };
      changes.set(key, change);
    }
    return change;
  }

  for (const { register, minute, entries } of counts) {
    const change = changeOf(register, minute);
    change.accepted += entries;
    change.stored += entries;
  }

  return {
    move({ id, register }, from, to) {
      const change = changeOf(register, Math.floor(idToMicros(id) / MINUTE_MICROS));
      change[from ?? 'accepted'] += from === undefined ? 1 : -1;
      change[to] += 1;
    },
    takeBack({ id, register }) {
      const change = changeOf(register, Math.floor(idToMicros(id) / MINUTE_MICROS));
      change.accepted -= 1;
      change.stored -= 1;
    },
    all: () => changes.values(),
  };
}

export function createLedger(db: DatabaseSync): (region: string, changes: LedgerChanges) => void {
  const add = db.prepare(
    `INSERT INTO ledger (minute, region, register, accepted, stored, duplicate, dead, discarded, expired, retrying)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (minute, region, register) DO UPDATE SET
       accepted = accepted + excluded.accepted, stored = stored + excluded.stored,
       duplicate = duplicate + excluded.duplicate, dead = dead + excluded.dead,
       discarded = discarded + excluded.discarded, expired = expired + excluded.expired,
       retrying = retrying + excluded.retrying`,
  );
  return (region, changes) => {
    for (const { minute, register, ...change } of changes.all()) {
      const { accepted, stored, duplicate, dead, discarded, expired, retrying } = change;
      if (accepted === 0 && stored === 0 && dead === 0 && retrying === 0) continue;
      add.run(minute, region, register, accepted, stored, duplicate, dead, discarded, expired, retrying);
    }
  };
}

/**
 * When keys were last used. A use is noted in memory, where a request costs nothing more than that; now and then what is
 * new goes on record, for all keys together, and for each key at most once an hour in the whole fleet. A crash forgets the
 * uses since then.
 */
import type { Entry } from '../../entry.ts';
import { toError } from '../../errors.ts';
import { randomId } from '../../id.ts';
import { sleep } from '../../retry.ts';
import type { InternalRecords } from '../internal-records.ts';
import type { KeyEvent } from './key-event.ts';
import { toRecord } from './key-event.ts';

export interface KeyUses {
  note(keyId: string): void;
  /** Unix microseconds; of this server alone. */
  usedAt(keyId: string): number | undefined;
  /** Lets go of keys that are not known any more. */
  forget(isKnown: (keyId: string) => boolean): void;
  /** Puts on record what is new. Never rejects. */
  record(): Promise<void>;
  /** The same, for the last time. */
  close(): Promise<void>;
}

export interface KeyUsesOptions {
  readonly records: InternalRecords;
  /** The last use of a key that is on record, of any server; Unix microseconds. */
  readonly recordedAt: (keyId: string) => number | undefined;
  /** Called with what is on record now. */
  readonly onRecorded: (entries: readonly Entry[]) => void;
  readonly onFailure: (error: Error) => void;
  readonly nowMicros: () => number;
  /** Undefined: only when asked to. */
  readonly everyMs: number | undefined;
}

const HOUR_MICROS = 3_600_000_000;
/** About 40 KB an entry. */
const USES_PER_EVENT = 500;

export function createKeyUses(options: KeyUsesOptions): KeyUses {
  const { records, recordedAt, nowMicros, everyMs } = options;
  const uses = new Map<string, number>();
  const closing = new AbortController();
  const running = run();

  function due(): KeyEvent[] {
    const all = [...uses]
      .filter(([keyId, usedAt]) => usedAt - (recordedAt(keyId) ?? Number.NEGATIVE_INFINITY) >= HOUR_MICROS)
      .map(([keyId, usedAt]) => ({ keyId, usedAt }));
    return Array.from({ length: Math.ceil(all.length / USES_PER_EVENT) }, (_, index) => ({
      event: 'used',
      uses: all.slice(index * USES_PER_EVENT, (index + 1) * USES_PER_EVENT),
    }));
  }

  async function record(): Promise<void> {
    const events = due();
    if (events.length === 0) return;
    const requestId = randomId();
    try {
      options.onRecorded(await records.append(events.map((event) => toRecord(event, requestId))));
    } catch (thrown) {
      // They are still noted; the next time tries again.
      options.onFailure(toError(thrown));
    }
  }

  async function run(): Promise<void> {
    if (everyMs === undefined) return;
    while (!closing.signal.aborted) {
      await sleep(everyMs, closing.signal);
      await record();
    }
  }

  return {
    note: (keyId) => void uses.set(keyId, nowMicros()),
    usedAt: (keyId) => uses.get(keyId),
    forget(isKnown) {
      for (const keyId of uses.keys()) if (!isKnown(keyId)) uses.delete(keyId);
    },
    record,
    async close() {
      closing.abort();
      await running;
    },
  };
}

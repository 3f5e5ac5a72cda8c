/**
 * Entries and batches for tests of stores: each entry differs from every other, each source numbers its batches.
 */
import type { Entry } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import { idToMicros, microsToFirstId } from '../id.ts';

export const MINUTE_MICROS = 60_000_000;
/** Some minute, at its start. */
export const BASE_MICROS = 29_000_000 * MINUTE_MICROS;

let made = 0;

export function makeEntry(fields: Partial<Entry> & { micros?: number } = {}): Entry {
  made += 1;
  const { micros = BASE_MICROS + made, ...rest } = fields;
  const random = made.toString(16).padStart(12, '0');
  const id = `${microsToFirstId(micros).slice(0, 19)}8000-${random}`.replace('--', '-');
  return {
    id,
    register: 'app',
    subject: '',
    requestId: `r-${made}`,
    protocol: 'http',
    region: 'local',
    ...rest,
  };
}

/** An intake process of its own: names its batches 1, 2, 3 … */
export function createSource(source: string) {
  let n = 0;
  let total = 0;
  return (entries: readonly Entry[]): Batch => {
    n += 1;
    total += entries.length;
    return {
      source,
      region: 'local',
      n,
      total,
      entries,
      settledThrough: Math.max(0, ...entries.map(({ id }) => idToMicros(id))),
    };
  };
}

export function keyed(key: string, fill: number, fields: Parameters<typeof makeEntry>[0] = {}): Entry {
  return makeEntry({ idempotencyKey: key, fingerprint: new Uint8Array(32).fill(fill), ...fields });
}

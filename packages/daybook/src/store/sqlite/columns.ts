/**
 * A batch as it crosses to the writer thread: columns of strings and one buffer of payloads, which is handed over
 * rather than copied. Structured cloning of one object per entry would cost more than storing it.
 */
import type { Batch, MinuteCount } from '../../envelope.ts';
import { countByMinute } from '../../envelope.ts';
import { toMeta } from './rows.ts';

export interface BatchColumns {
  readonly source: string;
  readonly n: number;
  readonly total: number;
  readonly settledThrough: number;
  readonly counts: readonly MinuteCount[];
  readonly region: string;
  readonly ids: readonly string[];
  readonly registers: readonly string[];
  readonly subjects: readonly string[];
  readonly metas: readonly string[];
  /** Payload bytes per entry; -1 when there is no payload. */
  readonly lengths: Int32Array;
  readonly payloads: Uint8Array<ArrayBuffer>;
  /** Only the keyed entries. */
  readonly keys: readonly {
    readonly index: number;
    readonly key: string;
    readonly fingerprint: Uint8Array;
  }[];
}

const NO_FINGERPRINT = new Uint8Array(32);

export function toColumns(batch: Batch): BatchColumns {
  const { entries } = batch;
  const lengths = Int32Array.from(entries, ({ payload }) => payload?.byteLength ?? -1);
  const payloads = new Uint8Array(lengths.reduce((sum, length) => sum + Math.max(0, length), 0));
  const keys = [];
  let offset = 0;
  let index = 0;
  for (const { payload, idempotencyKey, fingerprint = NO_FINGERPRINT } of entries) {
    if (idempotencyKey !== undefined) keys.push({ index, key: idempotencyKey, fingerprint });
    if (payload !== undefined) {
      payloads.set(payload, offset);
      offset += payload.byteLength;
    }
    index += 1;
  }
  return {
    source: batch.source,
    n: batch.n,
    total: batch.total,
    settledThrough: batch.settledThrough,
    counts: countByMinute(entries),
    region: batch.region,
    ids: entries.map((entry) => entry.id),
    registers: entries.map((entry) => entry.register),
    subjects: entries.map((entry) => entry.subject),
    metas: entries.map(toMeta),
    lengths,
    payloads,
    keys,
  };
}

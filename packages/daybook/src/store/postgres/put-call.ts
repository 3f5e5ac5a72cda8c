/**
 * One call of `daybook.put_entries`: batches as the columns that the function takes. Within a call ids differ, names
 * differ and the region is one; batches that do not fit together go into calls that follow each other, in their order.
 */
import type { Entry } from '../../entry.ts';
import { ENTRY_OVERHEAD_BYTES } from '../../entry.ts';
import { idToMicros } from '../../id.ts';
import type { AcknowledgedBatch, AppendException } from '../store.ts';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-array.ts';
import type { Statement } from './connection.ts';
import { toMeta } from './rows.ts';

export type PutBatch = AcknowledgedBatch;

export interface PutMode {
  /** Entries whose key is held get a mark; otherwise they were never accepted. */
  readonly acknowledged: boolean;
  /** Store dead entries after all. */
  readonly revive: boolean;
}

/** `at` counts the entries of a call from 1. */
export type HeldEntry = {
  readonly at: number;
  readonly kind: AppendException['kind'];
  readonly first: string;
};

export const PUT_ENTRIES: Statement = {
  name: 'put-entries',
  text: `SELECT last_position, exceptions, durability FROM daybook.put_entries(${Array.from(
    { length: 24 },
    (_, index) => `$${index + 1}`,
  ).join(', ')})`,
};

const MINUTE_MICROS = 60_000_000;
/** A statement is held in memory at both ends, several times over while it is written; batches above this go alone. */
const MAX_CALL_BYTES = 32 * 1024 * 1024;
const MAX_CALL_ENTRIES = 20_000;
const NO_FINGERPRINT = new Uint8Array(32);

/** Splits batches into calls. @returns for each call the places of its batches. */
export function splitIntoCalls(batches: readonly PutBatch[]): number[][] {
  const calls: number[][] = [];
  let current: number[] = [];
  let ids = new Set<string>();
  let names = new Set<string>();
  let bytes = 0;
  for (const [index, { batch, part }] of batches.entries()) {
    const size = batch.entries.reduce(
      (sum, { payload }) => sum + ENTRY_OVERHEAD_BYTES + (payload?.byteLength ?? 0),
      0,
    );
    const name = part ? undefined : `${batch.source}/${batch.n}`;
    const first = current[0];
    const fits =
      first !== undefined &&
      batches[first]?.batch.region === batch.region &&
      bytes + size <= MAX_CALL_BYTES &&
      ids.size + batch.entries.length <= MAX_CALL_ENTRIES &&
      (name === undefined || !names.has(name)) &&
      !batch.entries.some(({ id }) => ids.has(id));
    if (!fits) {
      current = [];
      calls.push(current);
      [ids, names, bytes] = [new Set(), new Set(), 0];
    }
    current.push(index);
    if (name !== undefined) names.add(name);
    for (const { id } of batch.entries) ids.add(id);
    bytes += size;
  }
  return calls;
}

/** The arguments of {@link PUT_ENTRIES}, in its order. */
export function putArguments(batches: readonly PutBatch[], { acknowledged, revive }: PutMode): unknown[] {
  const named = batches.filter(({ part }) => !part).map(({ batch }) => batch);
  const groups = createGroups();
  const entries: Entry[] = [];
  const batchOf: number[] = [];
  const leftAt: number[] = [];
  const leftAs: string[] = [];
  let nameOrdinal = 0;
  for (const { batch, part, leftOut } of batches) {
    if (!part) nameOrdinal += 1;
    for (const { index, as } of leftOut) {
      leftAt.push(entries.length + index + 1);
      leftAs.push(as);
    }
    for (const entry of batch.entries) {
      entries.push(entry);
      batchOf.push(part ? 0 : nameOrdinal);
    }
  }
  const ids = entries.map(({ id }) => id);
  const groupOf = entries.map((entry) => groups.ordinalOf(entry));
  const keyAt: number[] = [];
  for (const [index, { idempotencyKey }] of entries.entries()) {
    if (idempotencyKey !== undefined) keyAt.push(index + 1);
  }
  const keyed = keyAt.map((at) => entries[at - 1] as Entry);
  return [
    acknowledged,
    revive,
    batches[0]?.batch.region ?? '',
    textArray(named.map(({ source }) => source)),
    int8Array(named.map(({ n }) => n)),
    int8Array(named.map(({ total }) => total)),
    int4Array(named.map((batch) => batch.entries.length)),
    int8Array(named.map(({ settledThrough }) => settledThrough)),
    int8Array(groups.minutes),
    textArray(groups.registers),
    uuidArray(ids),
    int4Array(batchOf),
    int4Array(groupOf),
    textArray(entries.map(({ subject }) => subject)),
    textArray(entries.map(toMeta)),
    byteaArray(entries.map(({ payload }) => payload)),
    ...bounds(ids),
    int4Array(keyAt),
    textArray(keyed.map(({ subject }) => subject)),
    textArray(keyed.map(({ idempotencyKey = '' }) => idempotencyKey)),
    byteaArray(keyed.map(({ fingerprint = NO_FINGERPRINT }) => fingerprint)),
    int4Array(leftAt),
    textArray(leftAs),
  ];
}

/** Distributes what a call found over its batches, by the place of an entry in its own batch. */
export function exceptionsByBatch(
  batches: readonly PutBatch[],
  held: readonly HeldEntry[],
): readonly AppendException[][] {
  let before = 0;
  return batches.map(({ batch }) => {
    const [first, end] = [before, before + batch.entries.length];
    before = end;
    return held
      .filter(({ at }) => at > first && at <= end)
      .map(({ at, kind, first: firstId }) => ({ index: at - first - 1, kind, firstId }));
  });
}

/** The ledger's rows that the entries of a call belong to. */
function createGroups() {
  const ordinals = new Map<string, number>();
  const minutes: number[] = [];
  const registers: string[] = [];
  return {
    minutes,
    registers,
    ordinalOf({ id, register }: Entry): number {
      const minute = minuteOf(id);
      const key = `${minute} ${register}`;
      const known = ordinals.get(key);
      if (known !== undefined) return known;
      ordinals.set(key, minutes.push(minute));
      registers.push(register);
      return minutes.length;
    },
  };
}

/** Unix minutes of an id's stamp. */
export function minuteOf(id: string): number {
  return Math.floor(idToMicros(id) / MINUTE_MICROS);
}

function bounds(ids: readonly string[]): [string | null, string | null] {
  let [lowest, highest] = [ids[0] ?? null, ids[0] ?? null];
  for (const id of ids) {
    if (lowest === null || id < lowest) lowest = id;
    if (highest === null || id > highest) highest = id;
  }
  return [lowest, highest];
}

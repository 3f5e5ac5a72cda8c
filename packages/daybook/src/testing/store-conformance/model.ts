/**
 * A small model of a store: where every entry is, by the rules of the port and nothing else. The random sequences compare
 * a driver with it.
 */
import type { Entry } from '../../entry.ts';
import type { Batch } from '../../envelope.ts';
import type { AcknowledgedBatch, AppendException } from '../../store/store.ts';
import type { Totals } from './observed.ts';

type Status = 'stored' | 'duplicate' | 'dead' | 'discarded' | 'retrying';

interface Place {
  status: Status;
  firstId?: string;
}

export interface Model {
  append(batch: Batch): readonly AppendException[];
  persist(delivery: AcknowledgedBatch): readonly AppendException[];
  /** `rejected`: the driver throws. */
  replay(entry: Entry): 'stored' | 'duplicate' | 'conflict' | 'rejected';
  discard(entry: Entry): boolean;
  placeOf(entry: Entry): Readonly<Place> | undefined;
  /** Ids in the order in which they were stored first. */
  readonly order: readonly string[];
  totals(): Partial<Totals>;
}

export function createModel(): Model {
  const places = new Map<string, Place>();
  const names = new Set<string>();
  const keys = new Map<string, Entry>();
  const order: string[] = [];

  function holderOf({ id, register, idempotencyKey }: Entry): Entry | undefined {
    const holder = keys.get(JSON.stringify([register, idempotencyKey]));
    return holder === undefined || holder.id === id ? undefined : holder;
  }

  function storeNow(entry: Entry): void {
    places.set(entry.id, { status: 'stored' });
    order.push(entry.id);
    if (entry.idempotencyKey !== undefined) {
      keys.set(JSON.stringify([entry.register, entry.idempotencyKey]), entry);
    }
  }

  /** @returns how its key kept it from being stored, if it did. */
  function give(entry: Entry, as: 'dead' | 'retrying' | undefined, acknowledged: boolean) {
    const place = places.get(entry.id);
    if (place !== undefined && place.status !== 'retrying') return exceptionOf(place);
    if (as !== undefined) {
      places.set(entry.id, { status: as });
      return undefined;
    }
    const holder = holderOf(entry);
    if (holder === undefined) {
      storeNow(entry);
      return undefined;
    }
    const kind = heldBy(holder, entry);
    if (acknowledged) {
      places.set(entry.id, { status: kind === 'duplicate' ? 'duplicate' : 'dead', firstId: holder.id });
    }
    return { kind, firstId: holder.id };
  }

  /** What was told of a batch before, as far as it still holds. */
  function known(batch: Batch): AppendException[] {
    return batch.entries.flatMap((entry, index) => {
      const [place, holder] = [places.get(entry.id), holderOf(entry)];
      if (place !== undefined) {
        const exception = exceptionOf(place);
        return exception === undefined ? [] : [{ index, ...exception }];
      }
      return holder === undefined ? [] : [{ index, kind: heldBy(holder, entry), firstId: holder.id }];
    });
  }

  function record(batch: Batch, give: (entry: Entry, index: number) => ReturnType<typeof exceptionOf>) {
    const name = `${batch.source}/${batch.n}`;
    if (names.has(name)) return known(batch);
    names.add(name);
    return all(batch, give);
  }

  return {
    append: (batch) => record(batch, (entry) => give(entry, undefined, false)),
    persist({ batch, part, leftOut }) {
      const giveOne = (entry: Entry, index: number) =>
        give(entry, leftOut.find((left) => left.index === index)?.as, true);
      return part ? all(batch, giveOne) : record(batch, giveOne);
    },
    replay(entry) {
      const status = places.get(entry.id)?.status;
      if (status === 'stored' || status === 'duplicate') return status;
      if (status === 'discarded') return 'rejected';
      const holder = holderOf(entry);
      if (holder === undefined) {
        storeNow(entry);
        return 'stored';
      }
      const kind = heldBy(holder, entry);
      if (kind === 'duplicate') places.set(entry.id, { status: 'duplicate', firstId: holder.id });
      else if (status !== 'dead') places.set(entry.id, { status: 'dead', firstId: holder.id });
      return kind;
    },
    discard({ id }) {
      const place = places.get(id);
      if (place?.status === 'dead') places.set(id, { status: 'discarded' });
      return place?.status === 'dead' || place?.status === 'discarded';
    },
    placeOf: ({ id }) => places.get(id),
    order,
    totals() {
      const totals: Record<string, number> = {};
      const add = (column: string) => (totals[column] = (totals[column] ?? 0) + 1);
      for (const { status } of places.values()) {
        add('accepted');
        add(status);
      }
      return totals;
    },
  };
}

function heldBy(holder: Entry, entry: Entry): 'duplicate' | 'conflict' {
  return holder.fingerprint?.[0] === entry.fingerprint?.[0] ? 'duplicate' : 'conflict';
}

function exceptionOf({ status, firstId }: Place) {
  if (firstId === undefined || status === 'discarded') return undefined;
  return { kind: status === 'duplicate' ? ('duplicate' as const) : ('conflict' as const), firstId };
}

function all(batch: Batch, give: (entry: Entry, index: number) => ReturnType<typeof exceptionOf>) {
  return batch.entries.flatMap((entry, index): AppendException[] => {
    const exception = give(entry, index);
    return exception === undefined ? [] : [{ index, ...exception }];
  });
}

/**
 * Copies two tables to each other as a global table with multi-Region eventual consistency does ("How DynamoDB global
 * tables work", Amazon DynamoDB Developer Guide): single items, not transactions, each by itself and after a time of its
 * own, so that an older change may come behind a younger one; of two versions of an item the last one written stays.
 *
 * A copy is never read back as a change: what the replicator writes, it expects in the stream and passes over.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { itemName } from '../../src/store/dynamodb/keys.ts';
import type { Change, TableStream, WireItem } from './table-stream.ts';

/** The side that a change comes from. */
export type Side = 0 | 1;

export interface Lag {
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface ReplicatorOptions {
  readonly tables: readonly [TableStream, TableStream];
  /** From 0 (inclusive) to 1 (exclusive); seeded. */
  readonly chance: () => number;
}

export interface Replicator {
  /** For what changes from now on; at first none. Each item takes a time between the two. */
  lag: Lag;
  /** What comes from this side waits, also what is on its way. */
  cut(from: Side): void;
  resume(from: Side): void;
  /** Copies so many of the changes that wait on this side, whichever, whether it is cut or not. @returns how many are left. */
  copySome(from: Side, count: number): Promise<number>;
  /** Waits for everything that was written before the call and is not held back by a cut. */
  settled(): Promise<void>;
  /** Keys that both sides wrote: one of the two is overwritten in silence. */
  readonly conflicts: ReadonlySet<string>;
  readonly counts: { readonly copied: number; readonly overtaken: number };
  close(): Promise<void>;
}

interface Waiting extends Change {
  readonly name: string;
  readonly from: Side;
  /** Grows with every change that was seen. */
  readonly version: number;
  readonly dueMs: number;
}

const POLL_MS = 10;
const AT_ONCE = 16;
/** An item of the replicator's own, which is never copied. */
export const MARK = 'replicator';
const SIDES: readonly Side[] = [0, 1];
const other = (side: Side): Side => (side === 0 ? 1 : 0);

export function startReplicator({ tables, chance }: ReplicatorOptions): Replicator {
  const isCut: [boolean, boolean] = [false, false];
  const waiting: [Waiting[], Waiting[]] = [[], []];
  /** Copies that the stream of a side will show. */
  const expected: [Set<string>, Set<string>] = [new Set(), new Set()];
  const lastWritten = new Map<string, { version: number; by: Side }>();
  const conflicts = new Set<string>();
  const counts = { copied: 0, overtaken: 0 };
  /** The last mark that was written to each side, and that its stream has shown. */
  const marks: [number, number] = [0, 0];
  const shown: [number, number] = [0, 0];
  let versions = 0;
  let closed = false;
  let working: Promise<void> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = working.then(work);
    working = result.then(
      () => undefined,
      () => undefined, // Told to whoever asked for it.
    );
    return result;
  }

  /** A stream shows what was written before a mark before it shows the mark. @returns its number. */
  async function mark(side: Side): Promise<number> {
    marks[side] += 1;
    const number = marks[side];
    await tables[side].put({ pk: { S: MARK }, sk: { S: MARK }, number: { N: String(number) } });
    return number;
  }

  async function listen(side: Side): Promise<void> {
    for (const { key, item } of await tables[side].read()) {
      if (key.pk === MARK) {
        shown[side] = Number(item?.['number']?.['N']);
        continue;
      }
      const name = itemName(key);
      if (expected[side].delete(imageOf(name, item))) continue;
      versions += 1;
      const before = lastWritten.get(name);
      if (before !== undefined && before.by !== side) conflicts.add(name);
      lastWritten.set(name, { version: versions, by: side });
      const { leastMs, mostMs } = replicator.lag;
      const dueMs = performance.now() + leastMs + chance() * (mostMs - leastMs);
      waiting[side].push({ key, item, name, from: side, version: versions, dueMs });
    }
  }

  const copiedVersions = new Map<string, number>();

  async function copy({ key, item, name, from, version }: Waiting): Promise<void> {
    const to = other(from);
    const { version: newest, by } = lastWritten.get(name) ?? { version, by: from };
    const isOvertaken = version < (copiedVersions.get(name) ?? 0) || (by === to && newest > version);
    if (isOvertaken) {
      counts.overtaken += 1;
      return;
    }
    copiedVersions.set(name, version);
    expected[to].add(imageOf(name, item));
    await (item === undefined ? tables[to].delete(key) : tables[to].put(item));
    counts.copied += 1;
  }

  /** Whichever of them, in no order, each item once at a time. */
  async function copyAll(some: readonly Waiting[]): Promise<void> {
    const left = shuffled(some, chance);
    while (left.length > 0) {
      const names = new Set<string>();
      const batch: Waiting[] = [];
      for (let at = left.length - 1; at >= 0 && batch.length < AT_ONCE; at -= 1) {
        const one = left[at] as Waiting;
        if (names.has(one.name)) continue;
        names.add(one.name);
        batch.push(one);
        left.splice(at, 1);
      }
      await Promise.all(batch.map(copy));
    }
  }

  async function round(): Promise<void> {
    for (const side of SIDES) await listen(side);
    const nowMs = performance.now();
    for (const side of SIDES) {
      if (isCut[side]) continue;
      const due = waiting[side].filter(({ dueMs }) => dueMs <= nowMs);
      waiting[side] = waiting[side].filter(({ dueMs }) => dueMs > nowMs);
      await copyAll(due);
    }
  }

  async function run(): Promise<void> {
    while (!closed) {
      await inTurn(round);
      await sleep(POLL_MS);
    }
  }

  const replicator: Replicator = {
    lag: { leastMs: 0, mostMs: 0 },
    cut: (from) => void (isCut[from] = true),
    resume: (from) => void (isCut[from] = false),
    copySome: (from, count) =>
      inTurn(async () => {
        const number = await mark(from);
        while (shown[from] < number) await listen(from);
        const all = shuffled(waiting[from], chance);
        waiting[from] = all.slice(count);
        await copyAll(all.slice(0, count));
        return waiting[from].length;
      }),
    async settled() {
      const written = [await mark(0), await mark(1)] as const;
      const isDone = (side: Side): boolean =>
        shown[side] >= written[side] && (isCut[side] || waiting[side].length === 0);
      // Between two rounds: what a round has taken out is copied when it ends.
      while (!(await inTurn(async () => SIDES.every(isDone)))) {
        if (closed) throw new Error('the replicator is closed');
        await sleep(POLL_MS);
      }
    },
    conflicts,
    counts,
    async close() {
      closed = true;
      await running.catch(() => undefined);
    },
  };
  const running = run();
  // A failure shows: whoever waits for what was not copied waits in vain.
  running.catch((thrown: unknown) => {
    closed = true;
    process.emitWarning(`replicator: ${String(thrown)}`);
  });
  return replicator;
}

function shuffled<T>(some: readonly T[], chance: () => number): T[] {
  return some
    .map((one) => ({ one, at: chance() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** The same for the same item, whatever the order of its attributes. */
function imageOf(name: string, item: WireItem | undefined): string {
  if (item === undefined) return `${name} deleted`;
  const attributes = Object.keys(item)
    .toSorted()
    .map((attribute) => {
      const [[type, value] = ['', '']] = Object.entries(item[attribute] ?? {});
      return [attribute, type, Array.isArray(value) ? value.map(String).toSorted() : value];
    });
  return `${name} ${JSON.stringify(attributes)}`;
}

/**
 * Self-clocking group commit: the next commit takes whatever was added while the last one was under way, in the order in
 * which it was added. There is no linger timer. What waits is bounded by the callers, each of which awaits its own.
 */

export interface GroupCommit<T> {
  /** Resolves, or rejects, with the commit that took the item. */
  add(item: T): Promise<void>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export interface GroupCommitOptions<T> {
  /** Never called while an earlier call is under way. */
  readonly commit: (items: readonly T[]) => Promise<void>;
  readonly weigh: (item: T) => number;
  readonly maxItems: number;
  /** A first item that weighs more is taken alone. */
  readonly maxWeight: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit<T>(options: GroupCommitOptions<T>): GroupCommit<T> {
  let waiting: Waiting<T>[] = [];
  let running: Promise<void> | undefined;

  function takeGroup(): readonly Waiting<T>[] {
    let weight = 0;
    let end = 0;
    while (end < waiting.length && end < options.maxItems) {
      weight += options.weigh((waiting[end] as Waiting<T>).item);
      if (end > 0 && weight > options.maxWeight) break;
      end += 1;
    }
    const group = waiting.slice(0, end);
    waiting = waiting.slice(end);
    return group;
  }

  async function run(): Promise<void> {
    do {
      // Everything that is added in this turn of the event loop goes together.
      await new Promise((resolve) => setImmediate(resolve));
      const group = takeGroup();
      try {
        await options.commit(group.map(({ item }) => item));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    } while (waiting.length > 0);
    running = undefined;
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= run();
      }),
    async idle() {
      while (running !== undefined) await running;
    },
  };
}

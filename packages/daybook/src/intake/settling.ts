/**
 * How far everything is settled: every acknowledged entry with a stamp up to there is in its final place in the store.
 *
 * One process with a store of its own knows by itself. Where several share a store, each vouches for its own part in it
 * once a second, and the least of what all vouch for is the answer. Where it cannot be known the answer is undefined.
 */
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';

export interface Settling {
  /** Unix microseconds; undefined where it cannot be known, or is not known yet. */
  through(): number | undefined;
  /** Asks and vouches once more, then takes the word back if nothing of ours is outside of the store. */
  close(): Promise<void>;
}

export interface SettlingOptions {
  /** How far this process's intake knows that what it acknowledged has left its hands. */
  readonly intakeThrough: () => number;
  readonly queue: Queue | undefined;
  readonly store: Store;
  /** The name that this process vouches under: the same for as long as its queue lives. */
  readonly voucher: string;
  readonly region: string;
  readonly everyMs: number;
}

export function createSettling(options: SettlingOptions): Settling {
  const { intakeThrough, queue, store, voucher, region, everyMs } = options;
  const alone = store.capabilities.live === 'pushed';
  if (queue === undefined && alone) return { through: intakeThrough, close: async () => {} };
  if (queue !== undefined && !queue.capabilities.settled) {
    return { through: () => undefined, close: async () => {} };
  }

  let known: number | undefined;
  let closed = false;
  let looking: Promise<void> | undefined;

  /** In this order: what leaves the intake for the queue meanwhile is younger than the first answer. */
  async function ownThrough(): Promise<number> {
    const handedOn = intakeThrough();
    const oldest = await queue?.oldestStamp();
    return oldest === undefined ? handedOn : Math.min(handedOn, oldest - 1);
  }

  async function look(): Promise<void> {
    const through = await ownThrough();
    if (alone) {
      known = through;
      return;
    }
    await store.vouch({ voucher, region, through, binding: queue !== undefined });
    known = await store.vouchedThrough();
  }

  /** Without an answer the last one stays: it was true, and goes on being true. */
  function lookSafely(): Promise<void> {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined));
    return looking;
  }

  const timer = setInterval(() => void lookSafely(), everyMs).unref();
  void lookSafely();

  return {
    through: () => known,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      await looking;
      if (alone) return;
      await lookSafely();
      const waits = queue !== undefined && (await queue.oldestStamp().catch(() => 0)) !== undefined;
      // Not taken back, a word that is not binding is forgotten by itself.
      if (!waits) await store.withdraw(voucher).catch(() => undefined);
    },
  };
}

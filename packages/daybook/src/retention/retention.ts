/**
 * Lets the entries of registers with a retention expire: once in a while, a few at a time, with a pause after each few
 * that is longer than they took, so that writers hardly notice. Several processes may do it for one store at once.
 */
import { toError } from '../errors.ts';
import type { Register } from '../register.ts';
import { sleep } from '../retry.ts';
import type { Store } from '../store/store.ts';

export interface RetentionOptions {
  readonly store: Pick<Store, 'expire'>;
  readonly registers: readonly Register[];
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** From the end of one round to the next; default 60 000. */
  readonly everyMs?: number;
  /** Called with the entries of a register that expired in a round, when there were any. */
  readonly onExpired: (register: string, entries: number) => void;
  /** Called when a round ended early; the next one goes on where it was. */
  readonly onFailure: (register: string, error: Error) => void;
}

export interface Retention {
  /** Ends after the few that are under way. Idempotent. */
  close(): Promise<void>;
}

const DAY_MICROS = 86_400_000_000;
const EVERY_MS = 60_000;
/** So many take a few milliseconds on every driver. */
const ENTRIES_AT_A_TIME = 100;
/** Of the time that they took: a writer that meets one finds the store free for at least as long afterwards. */
const PAUSE_RATIO = 3;

export function startRetention(options: RetentionOptions): Retention {
  const { store, registers, nowMicros, nowMs, everyMs = EVERY_MS } = options;
  const kept = registers.filter(({ retentionDays }) => retentionDays !== undefined);
  const closing = new AbortController();
  const { signal } = closing;

  async function expireAll({ name, retentionDays = 0 }: Register): Promise<number> {
    let expired = 0;
    while (!signal.aborted) {
      const startedMs = nowMs();
      const before = nowMicros() - retentionDays * DAY_MICROS;
      const entries = await store.expire({ register: name, before, limit: ENTRIES_AT_A_TIME });
      expired += entries;
      if (entries < ENTRIES_AT_A_TIME) break;
      await sleep((nowMs() - startedMs) * PAUSE_RATIO, signal);
    }
    return expired;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      for (const register of kept) {
        try {
          const expired = await expireAll(register);
          if (expired > 0) options.onExpired(register.name, expired);
        } catch (thrown) {
          options.onFailure(register.name, toError(thrown));
        }
      }
      await sleep(everyMs, signal);
    }
  }

  const running = kept.length === 0 ? Promise.resolve() : run();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

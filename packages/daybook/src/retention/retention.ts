/**
 * Lets the entries of registers with a retention expire: once in a while, a few at a time, with a pause after each few
 * that is longer than they took, so that writers hardly notice. Several processes may do it for one store at once.
 */
import { toError } from '../errors.ts';
import type { Register } from '../register.ts';
import type { Sleep } from '../retry.ts';
import type { Store } from '../store/store.ts';

export interface ExpiryOptions {
  readonly store: Pick<Store, 'expire'>;
  readonly registers: readonly Register[];
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: Sleep;
  /** Called with the entries of a register that expired in a round, when there were any, also when it ended early. */
  readonly onExpired: (register: string, entries: number) => void;
  /** Called when a register's part of a round ended early; the next one goes on where it was. */
  readonly onFailure: (register: string, error: Error) => void;
}

export interface RetentionOptions extends ExpiryOptions {
  /** From the end of one round to the next; default 60 000. */
  readonly everyMs?: number;
}

export interface Retention {
  /** Ends after the few that are under way. Idempotent. */
  close(): Promise<void>;
}

const DAY_MICROS = 86_400_000_000;
const EVERY_MS = 60_000;
/** Measured (benchmark `retention`): 2 ms on SQLite, where more at a time go hardly faster and hold up writers for longer. */
const ENTRIES_AT_A_TIME = 100;
/** Of the time that they took: a writer that meets one finds the store free for at least as long afterwards. */
const PAUSE_RATIO = 5;

/** One round, of all that is due. Ends early, after the few that are under way, when the signal aborts. Never rejects. */
export async function expireAll(options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { store, registers, nowMicros, nowMs, sleep } = options;

  /** A few of one register. @returns whether more of it may be due. */
  async function expireSome(
    { name, retentionDays = 0 }: Register,
    expired: Map<string, number>,
  ): Promise<boolean> {
    const startedMs = nowMs();
    const before = nowMicros() - retentionDays * DAY_MICROS;
    try {
      const entries = await store.expire({ register: name, before, limit: ENTRIES_AT_A_TIME });
      expired.set(name, (expired.get(name) ?? 0) + entries);
      if (entries < ENTRIES_AT_A_TIME) return false;
    } catch (thrown) {
      options.onFailure(name, toError(thrown));
      return false;
    }
    await sleep((nowMs() - startedMs) * PAUSE_RATIO, signal);
    return true;
  }

  const expired = new Map<string, number>();
  // By turns, so that a register of which more comes due than can go keeps no other from its turn.
  for (let due = registers.filter(isKeptForAWhile); due.length > 0;) {
    const left: Register[] = [];
    for (const register of due) {
      if (signal.aborted) break;
      if (await expireSome(register, expired)) left.push(register);
    }
    due = signal.aborted ? [] : left;
  }
  for (const [name, entries] of expired) if (entries > 0) options.onExpired(name, entries);
}

function isKeptForAWhile({ retentionDays }: Register): boolean {
  return retentionDays !== undefined;
}

export function startRetention(options: RetentionOptions): Retention {
  const { registers, sleep, everyMs = EVERY_MS } = options;
  const closing = new AbortController();
  const { signal } = closing;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await expireAll(options, signal);
      await sleep(everyMs, signal);
    }
  }

  const running = registers.some(isKeptForAWhile) ? run() : Promise.resolve();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

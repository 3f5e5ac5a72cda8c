/**
 * Brings a register of Daybook's own to a server and keeps it up to date, whichever driver the store has and whoever writes.
 *
 *   loading ──everything read──▶ following ──a lane went back (restored, promoted)──▶ everything is read again
 *
 * Everything: first how far each lane is, then the register as a list, so that what is written meanwhile is met again
 * behind that place. Following: once a second the heads of the lanes are asked for, and where one moved the tail is read
 * from the place that was reached. Once a minute the youngest entries are listed as well: a replica can give an entry later
 * than one behind it, and a standby that was promoted counts on from where it was. Where there are several lanes everything
 * is read again 1, 2, 4, 8 … minutes after it was read: what another region wrote before may come behind its head, hours
 * later if it was cut off. To meet an event twice is harmless. A look that fails leaves everything as it was; the next one
 * begins where it began.
 */
import type { StoredEntry } from '../entry.ts';
import { toError } from '../errors.ts';
import { sleep } from '../retry.ts';
import type { Store } from '../store/store.ts';

export interface RegisterFollower {
  /** Everything that was on record at the start has been applied. */
  readonly isLoaded: boolean;
  /** Monotonic milliseconds of the last look that went well; the start before there was one. */
  readonly lookedAtMs: number;
  /** Why the last look failed. */
  readonly failure: string | undefined;
  /** Resolves after the first look, whatever came of it. */
  readonly firstLook: Promise<void>;
  /** Looks now; what was on record at the call has been applied when it resolves. @throws what the store throws. */
  look(): Promise<void>;
  /** Looks unless one began within these milliseconds; waits 2 s at most, once everything was read. Never rejects. */
  lookWithin(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface RegisterFollowerOptions {
  readonly store: Pick<Store, 'lanes' | 'head' | 'list' | 'tail'>;
  readonly register: string;
  /** Called in one step with what was read: all there is, what is new, or the youngest once again. */
  readonly apply: (entries: readonly StoredEntry[], what: 'all' | 'new' | 'again') => void;
  readonly nowMicros: () => number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Undefined: only when asked to. */
  readonly everyMs: number | undefined;
}

/** Of a look that a request waits for, when what is known would do. */
const MAX_LOOK_MS = 2_000;
const LOOK_BACK_EVERY_MS = 60_000;
/** Longer than a replica may lag behind, and than clocks may be apart. */
const LOOK_BACK_MICROS = 3_600_000_000;
const PAGE = { limit: 1_000, maxBytes: 900 * 1024 };

export function followRegister(options: RegisterFollowerOptions): RegisterFollower {
  const { store, register, apply, nowMs } = options;
  const closing = new AbortController();
  let places: Map<string, number> | undefined;
  let isLoaded = false;
  let lookedAtMs = nowMs();
  let lookedBackAtMs = lookedAtMs;
  let loadedAtMs = lookedAtMs;
  let readAgainAtMs = Infinity;
  let beganMs = lookedAtMs;
  let failure: string | undefined;
  let looking: Promise<void> | undefined;

  async function listFrom(from?: number): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = [];
    for (;;) {
      const after = entries.at(-1)?.id;
      const range = { ...(from !== undefined && { from }), ...(after !== undefined && { after }) };
      const page = await store.list({ register, order: 'asc', ...range, ...PAGE });
      entries.push(...page.entries);
      if (!page.more) return entries;
    }
  }

  async function load(): Promise<void> {
    const heads = new Map<string, number>();
    for (const { name } of store.lanes) heads.set(name, await store.head(name));
    apply(await listFrom(), 'all');
    places = heads;
    isLoaded = true;
    loadedAtMs = nowMs();
    readAgainAtMs = loadedAtMs + LOOK_BACK_EVERY_MS;
  }

  /** What was on its way when everything was read, or is younger than any replica lags behind. */
  async function lookBack(): Promise<void> {
    const all = store.lanes.length > 1 && nowMs() >= readAgainAtMs;
    const from = all ? undefined : options.nowMicros() - LOOK_BACK_MICROS;
    apply(await listFrom(from), 'again');
    lookedBackAtMs = nowMs();
    if (all) readAgainAtMs = lookedBackAtMs + (lookedBackAtMs - loadedAtMs);
  }

  /** @returns false when the lane is not the one that was read before. */
  async function follow(lane: string, known: Map<string, number>): Promise<boolean> {
    const head = await store.head(lane);
    let after = known.get(lane);
    if (after === undefined || head < after) return false;
    while (after < head) {
      const { entries, through } = await store.tail({ register, lane, after, ...PAGE });
      apply(entries, 'new');
      // What is behind a gap comes to a replica later.
      if (through <= after) break;
      after = through;
      known.set(lane, after);
    }
    return true;
  }

  async function followAll(known: Map<string, number>): Promise<boolean> {
    for (const { name } of store.lanes) if (!(await follow(name, known))) return false;
    return true;
  }

  async function lookOnce(): Promise<void> {
    if (places === undefined || !(await followAll(places))) {
      places = undefined;
      await load();
    } else if (nowMs() - lookedBackAtMs >= LOOK_BACK_EVERY_MS) {
      await lookBack();
    }
    lookedAtMs = nowMs();
    failure = undefined;
  }

  function look(): Promise<void> {
    if (looking === undefined) beganMs = nowMs();
    looking ??= lookOnce().finally(() => (looking = undefined));
    return looking;
  }

  async function run(): Promise<void> {
    await firstLook;
    const { everyMs } = options;
    if (everyMs === undefined) return;
    for (;;) {
      await sleep(everyMs, closing.signal);
      if (closing.signal.aborted) return;
      await lookSafely();
    }
  }

  async function lookSafely(): Promise<void> {
    await look().catch((thrown: unknown) => (failure = toError(thrown).message));
  }

  async function lookAnew(): Promise<void> {
    if (looking !== undefined) await lookSafely();
    await lookSafely();
  }

  const firstLook = lookSafely();
  const running = run();
  return {
    get isLoaded() {
      return isLoaded;
    },
    get lookedAtMs() {
      return lookedAtMs;
    },
    get failure() {
      return failure;
    },
    firstLook,
    async look() {
      // One that is under way may have passed already what the caller asks for.
      await looking?.catch(() => undefined);
      return look();
    },
    async lookWithin(ms) {
      const isRecent = nowMs() - beganMs < ms;
      if (looking === undefined && isRecent && isLoaded) return;
      // One that began before may have been cut off by a pause of the whole process: what it ends with is as old as that.
      const looked = isRecent ? lookSafely() : lookAnew();
      if (!isLoaded) return looked;
      const over = new AbortController();
      await Promise.race([looked, sleep(MAX_LOOK_MS, over.signal)]);
      over.abort();
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

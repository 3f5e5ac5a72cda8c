/**
 * Whether a region is drained, as every server and function of it knows: the events of the register `drain`, folded. What
 * another server wrote is known within seconds, and where nothing runs between requests by the request that asks.
 *
 * What cannot be read changes nothing: a region whose store is away is as drained as it was known to be, and one that
 * never read it is not, because a store that is away must not take a region off that still accepts.
 */
import type { Entry } from '../../entry.ts';
import { idToStamp } from '../../id.ts';
import { sleep } from '../../retry.ts';
import type { Store } from '../../store/store.ts';
import type { RegisterFollower } from '../register-follower.ts';
import { followRegister } from '../register-follower.ts';
import { readEvent } from './drain-event.ts';

/** Somebody asked for it and nobody has ended it. */
export interface Drained {
  readonly entryId: string;
  /** RFC 3339. */
  readonly since: string;
  /** The subject of the credential. */
  readonly by: string;
  readonly reason?: string;
}

export interface DrainFollower {
  /** What is known, without a look. */
  readonly known: Drained | undefined;
  /** All that are not ended; more than one where several servers were asked at once. */
  readonly inForce: readonly Drained[];
  /** As fresh as it can be had within a second. Never rejects. */
  current(): Promise<Drained | undefined>;
  /** What was on record at the call is known when it resolves. @throws what the store throws. */
  look(): Promise<void>;
  /** What this server wrote counts here at once. */
  apply(entries: readonly Entry[]): void;
  /** `ok`, `drained`, or `unknown`: it was never read, and why. */
  status(): { readonly state: 'ok' | 'drained' | 'unknown'; readonly detail?: string };
  close(): Promise<void>;
}

export interface DrainFollowerOptions {
  readonly store: Pick<Store, 'lanes' | 'head' | 'list' | 'tail'>;
  readonly region: string;
  readonly nowMicros: () => number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Undefined where nothing runs between requests: then each question looks, once a second at most. */
  readonly everyMs: number | undefined;
  /** Where the store is opened by its first call: opens it. Never rejects. */
  readonly reach?: () => Promise<void>;
}

/** Health checks give up after two seconds. */
const WAIT_MS = 1_000;
const LOOK_MS = 1_000;

export function followDrains(options: DrainFollowerOptions): DrainFollower {
  const { store, region, nowMicros, nowMs, everyMs } = options;
  const drains = new Map<string, Drained>();
  const ended = new Set<string>();
  let made: RegisterFollower | undefined;

  function apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const event = entry.region === region ? readEvent(entry) : undefined;
      if (event?.event === 'undrained') {
        for (const id of event.ends) ended.add(id);
      } else if (event !== undefined) {
        const { by, reason } = event;
        const since = idToStamp(entry.id);
        drains.set(entry.id, { entryId: entry.id, since, by, ...(reason !== undefined && { reason }) });
      }
    }
  }

  /** Where nothing runs between requests nothing is read before somebody asks. */
  function follower(): RegisterFollower {
    return (made ??= followRegister({ store, register: 'drain', apply, nowMicros, nowMs, everyMs }));
  }
  if (everyMs !== undefined) follower();

  async function lookNow(): Promise<void> {
    await options.reach?.();
    await follower().lookWithin(LOOK_MS);
  }

  const inForce = (): Drained[] => [...drains.values()].filter(({ entryId }) => !ended.has(entryId));
  /** The first one tells since when. */
  const known = (): Drained | undefined => inForce().toSorted((a, b) => (a.entryId < b.entryId ? -1 : 1))[0];

  return {
    get known() {
      return known();
    },
    get inForce() {
      return inForce();
    },
    async current() {
      if (everyMs === undefined) await atMost(WAIT_MS, lookNow());
      else if (!follower().isLoaded) await atMost(WAIT_MS, follower().firstLook);
      return known();
    },
    look: () => follower().look(),
    apply,
    status() {
      const drained = known();
      if (drained !== undefined) return { state: 'drained', detail: drainInWords(region, drained) };
      if (made?.failure === undefined || made.isLoaded) return { state: 'ok' };
      return {
        state: 'unknown',
        detail: `it was not read yet whether the region is drained: ${made.failure}`,
      };
    },
    close: async () => made?.close(),
  };
}

export function drainInWords(region: string, { by, since, reason }: Drained): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  return `region ${region} was drained by ${by} at ${since}${why}`;
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}

/**
 * What state Daybook is in, component by component, since when and why; and whether it can durably accept now.
 *
 * Readiness: what an operator says; then a batch committed less than 5 s ago is the proof; else one probe row is written. Two failures in a row to
 * leave, one success to return. The first check after the start decides alone.
 */
import type { Drained } from '../access/drain/drain-follower.ts';
import { drainInWords } from '../access/drain/drain-follower.ts';
import type { ClockStatus } from '../clock.ts';
import type { DurabilityLevel } from '../durability.ts';
import { satisfiesDurability } from '../durability.ts';
import { toError } from '../errors.ts';
import { formatStamp } from '../id.ts';
import type { IntakeStatus } from '../intake/intake.ts';
import type { Register } from '../register.ts';

export interface Component {
  readonly state: string;
  /** RFC 3339. */
  readonly since: string;
  readonly detail?: string;
}

export interface Readiness {
  readonly ready: boolean;
  /** It accepts, and is not to be asked to. */
  readonly isDrained?: boolean;
  readonly reason?: string;
  /** What stands in nobody's way now and should be mended. */
  readonly notes: readonly string[];
}

type Proof = Omit<Readiness, 'notes'>;

/** What makes entries durable before they are acknowledged. */
export interface Acceptor {
  readonly name: 'store' | 'queue';
  durability(): { readonly level: DurabilityLevel; readonly proof: string };
  /** Proves that it would accept. */
  probe(): Promise<void>;
}

/** The state of a part that watches itself; good when it is `ok`. */
export type WatchedPart = () => {
  readonly state: string;
  readonly detail?: string;
  /** Told with the readiness to whoever asks, so nothing private. */
  readonly note?: string;
};

export interface Health {
  noteCommit(): void;
  noteDraining(): void;
  /** Settles within the probe; concurrent callers share one. */
  readiness(): Promise<Readiness>;
  components(): Readonly<Record<string, Component>>;
}

export interface HealthSources {
  readonly clock: () => ClockStatus;
  readonly intake: () => IntakeStatus;
  readonly acceptor: Acceptor;
  /** Whether somebody wants readiness to fail. Never rejects. */
  readonly drained: () => Promise<Drained | undefined>;
  readonly region: string;
  /** Further parts by their name, such as the store behind a queue. */
  readonly parts: Readonly<Record<string, WatchedPart>>;
  readonly registers: readonly Register[];
  readonly nowMicros: () => number;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export interface HealthOptions {
  /** Failures in a row to leave, default 2: where each question may meet another process, one is told as it is. */
  readonly failuresToLeave?: number;
  /** A commit proves readiness for so long; default 5 000. */
  readonly freshMs?: number;
}

const FRESH_COMMIT_MS = 5_000;
const FAILURES_TO_LEAVE = 2;

export function createHealth(
  sources: HealthSources,
  { failuresToLeave = FAILURES_TO_LEAVE, freshMs = FRESH_COMMIT_MS }: HealthOptions = {},
): Health {
  const { acceptor, nowMs } = sources;
  const since = new Map<string, Component>();
  let lastCommitMs = -Infinity;
  let failures = 0;
  let everReady = false;
  let draining = false;
  let probe: Promise<Proof> | undefined;

  function observe(name: string, state: string, detail?: string): Component {
    const before = since.get(name);
    if (before?.state === state && before.detail === detail) return before;
    const from = before?.state === state ? before.since : formatStamp(sources.nowMicros());
    const component = { state, since: from, ...(detail !== undefined && { detail }) };
    since.set(name, component);
    return component;
  }

  async function prove(): Promise<Proof> {
    if (nowMs() - lastCommitMs < freshMs) return proven();
    try {
      await acceptor.probe();
      lastCommitMs = nowMs();
      return proven();
    } catch (thrown) {
      failures += 1;
      const stillReady = everReady && failures < failuresToLeave;
      return stillReady
        ? { ready: true }
        : { ready: false, reason: `the ${acceptor.name} does not accept: ${toError(thrown).message}` };
    }
  }

  function proven(): Proof {
    failures = 0;
    everReady = true;
    return { ready: true };
  }

  function refusal(): string | undefined {
    if (draining) return 'the server is shutting down';
    const intake = sources.intake();
    if (intake.state === 'recovering') return `the ${acceptor.name} does not accept: ${intake.reason}`;
    const given = acceptor.durability().level;
    const wanting = sources.registers.find(
      ({ minDurability }) => minDurability !== undefined && !satisfiesDurability(given, minDurability),
    );
    return (
      wanting &&
      `register "${wanting.name}" demands durability ${wanting.minDurability}, the ${acceptor.name} gives ${given}`
    );
  }

  const health: Health = {
    noteCommit: () => void (lastCommitMs = nowMs()),
    noteDraining: () => void (draining = true),
    async readiness() {
      const notes = Object.values(sources.parts).flatMap((part) => part().note ?? []);
      const reason = refusal();
      if (reason !== undefined) return { ready: false, reason, notes };
      const drained = await sources.drained();
      if (drained !== undefined)
        return { ready: false, isDrained: true, reason: drainInWords(sources.region, drained), notes };
      probe ??= prove().finally(() => (probe = undefined));
      return { ...(await probe), notes };
    },
    components() {
      const clock = sources.clock();
      const { state, code, reason } = sources.intake();
      const { level, proof } = acceptor.durability();
      const parts = Object.entries(sources.parts).map(([name, part]) => {
        const watched = part();
        return [name, observe(name, watched.state, watched.detail)] as const;
      });
      return {
        ...Object.fromEntries(parts),
        clock: observe(
          'clock',
          clock.state,
          clock.state === 'ok' ? undefined : `the wall clock is ${aheadOrBehind(clock.wallAheadMicros)}`,
        ),
        [acceptor.name]: observe(
          acceptor.name,
          state === 'recovering' ? (code === 'DISK_FULL' ? 'disk-full' : 'unavailable') : 'ok',
          reason ?? `${level}: ${proof}`,
        ),
        server: observe('server', draining ? 'draining' : 'ok'),
      };
    },
  };
  // Looked at from the beginning, so that `since` is the start and not the first question.
  health.components();
  return health;
}

function aheadOrBehind(micros: number): string {
  return `${(Math.abs(micros) / 1e6).toFixed(1)} s ${micros < 0 ? 'behind' : 'ahead'}`;
}

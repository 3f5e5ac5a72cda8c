/**
 * The test's own book of what it sent and what it was told, to be held against what the server gives back. Every payload
 * carries a number that no other payload of the journal has, so each entry that is read back can be traced.
 */

export type PayloadKind = 'json' | 'text';

/** A write that was sent, whatever became of it. */
export interface Attempt {
  readonly number: number;
  readonly kind: PayloadKind;
  /** The exact characters sent. */
  readonly payload: string;
  readonly key?: string;
}

export interface Acknowledgement {
  readonly attempt: Attempt;
  readonly id: string;
  readonly receivedAt: string;
  /** CLOCK_MONOTONIC when the client had the answer. */
  readonly atNs: bigint;
}

/** What a client knows of an attempt that was never a success; once unknown, it stays so. */
export type Fate = 'not-written' | 'unknown';

export interface Journal {
  readonly attempts: ReadonlyMap<number, Attempt>;
  /** By the number of the attempt. */
  readonly acknowledgements: ReadonlyMap<number, Acknowledgement>;
  /** By the number of the attempt; says nothing about those that were acknowledged later. */
  readonly refusals: ReadonlyMap<number, Fate>;
  /** Writes down a new attempt before it is sent. */
  attempt(options?: { kind?: PayloadKind; keyed?: boolean; key?: string }): Attempt;
  /** Writes down a success. @throws {Error} when the attempt was acknowledged before with another id or stamp. */
  acknowledge(attempt: Attempt, receipt: { id: string; receivedAt: string }): void;
  /** Writes down that an attempt was refused, or that its connection broke. */
  refuse(attempt: Attempt, fate: Fate): void;
  /** Attempts with a key of their own that were never acknowledged. */
  unacknowledgedKeyed(): Attempt[];
}

/** @param name makes the keys of this journal its own; at least 16 characters with the number (anonymous callers). */
export function createJournal(name = 'crash-test-key'): Journal {
  const attempts = new Map<number, Attempt>();
  const acknowledgements = new Map<number, Acknowledgement>();
  const refusals = new Map<number, Fate>();

  return {
    attempts,
    acknowledgements,
    refusals,
    attempt({ kind = 'json', keyed = false, key } = {}) {
      const number = attempts.size + 1;
      const ownKey = key ?? (keyed ? `${name}-${String(number).padStart(8, '0')}` : undefined);
      const attempt: Attempt = {
        number,
        kind,
        payload: payloadFor(number, kind),
        ...(ownKey === undefined ? {} : { key: ownKey }),
      };
      attempts.set(number, attempt);
      return attempt;
    },
    acknowledge(attempt, { id, receivedAt }) {
      const before = acknowledgements.get(attempt.number);
      if (before !== undefined) {
        if (before.id === id && before.receivedAt === receivedAt) return;
        throw new Error(`attempt ${attempt.number} was ${before.id} and is now ${id}`);
      }
      acknowledgements.set(attempt.number, { attempt, id, receivedAt, atNs: process.hrtime.bigint() });
    },
    refuse({ number }, fate) {
      if (refusals.get(number) !== 'unknown') refusals.set(number, fate);
    },
    unacknowledgedKeyed: () =>
      [...attempts.values()].filter(({ key, number }) => key !== undefined && !acknowledgements.has(number)),
  };
}

/** The number that a payload carries, `undefined` when it is none of ours. */
export function numberOf(payload: unknown): number | undefined {
  const found = /(?:"n": *|^entry )(\d+)\b/.exec(
    typeof payload === 'string' ? payload : JSON.stringify(payload),
  );
  return found === null ? undefined : Number(found[1]);
}

/** Written so that a service that parses and prints JSON again would change it: spaces, order, big numbers, escapes. */
function payloadFor(number: number, kind: PayloadKind): string {
  const filling = 'é\u{1F4D3}'.repeat(number % 40);
  if (kind === 'text') return `entry ${number} ${filling}`;
  return `{"z":1e2, "n": ${number},"big":12345678901234567890, "a":"\\u00e9\\/${filling}", "z":null}`;
}

/**
 * What may be on record after any sequence of keyed writes, from what their callers were told. A slot is a name under
 * which there is one entry at most: register, subject and key.
 *
 *   201 duplicate: false   this is the entry of the slot, and nobody else is told so
 *   201 duplicate: true    the entry of the slot, which has the same payload
 *   202                    the entry of the slot, or a link to it (same payload), or a dead letter (another payload)
 *   422                    the entry of the slot has another payload
 *   409, 503 not-written   nothing
 *   503 unknown, no answer anything of the above
 */
import assert from 'node:assert/strict';

export interface Slot {
  readonly register: string;
  readonly subject: string;
  readonly key: string;
}

export type Outcome =
  | { readonly kind: 'stored'; readonly id: string; readonly receivedAt: string; readonly duplicate: boolean }
  | { readonly kind: 'queued'; readonly id: string; readonly receivedAt: string }
  | { readonly kind: 'held' | 'not-written' | 'unknown' };

export interface FoundEntry {
  readonly id: string;
  readonly receivedAt: string;
  /** The JSON text, as it was sent. */
  readonly payload: string;
}

/** What became of an acknowledged id. */
export type Place =
  | { readonly kind: 'entry'; readonly payload: string; readonly duplicateOf: string | undefined }
  | { readonly kind: 'dead'; readonly payload: string; readonly reason: string };

interface Attempt {
  readonly payload: string;
  outcome: Outcome;
}

export interface KeyModel {
  /** @returns tells what the caller heard; until then the outcome is unknown. */
  sent(slot: Slot, payload: string): (outcome: Outcome) => void;
  /** An entry was read while the sequence goes on: from now on it is the one of its slot. */
  saw(slot: Slot, entry: FoundEntry): void;
  readonly slots: readonly Slot[];
  /** Every id that was answered 201 or 202, with its slot. */
  acknowledged(): readonly { readonly slot: Slot; readonly id: string }[];
  /**
   * Judges a slot when everything has come to its end.
   * @param entries that the register lists for the slot. @param places of every acknowledged id of the slot.
   */
  judge(slot: Slot, entries: readonly FoundEntry[], places: ReadonlyMap<string, Place>): void;
  /** Whether a payload of the slot may have reached the queue or the store at all. */
  mayHaveBeenTaken(slot: Slot, payload: string): boolean;
  /** How many attempts of a register may have become links: the bounds of what its ledger may count. */
  links(
    register: string,
    places: ReadonlyMap<string, Place>,
  ): { readonly least: number; readonly most: number };
}

const nameOf = ({ register, subject, key }: Slot): string => JSON.stringify([register, subject, key]);

export function createKeyModel(): KeyModel {
  const slots = new Map<string, { readonly slot: Slot; readonly attempts: Attempt[] }>();
  const seen = new Map<string, FoundEntry>();

  const attemptsOf = (slot: Slot): readonly Attempt[] => slots.get(nameOf(slot))?.attempts ?? [];

  function judge(slot: Slot, entries: readonly FoundEntry[], places: ReadonlyMap<string, Place>): void {
    const name = nameOf(slot);
    const attempts = attemptsOf(slot);
    assert.ok(entries.length <= 1, `${name}: ${entries.length} entries`);
    const [entry] = entries;
    const taken = attempts.filter(({ outcome }) => outcome.kind === 'stored' || outcome.kind === 'queued');
    if (entry === undefined) {
      assert.deepEqual(taken, [], `${name}: acknowledged, and there is no entry`);
      assert.equal(seen.get(name), undefined, `${name}: was read, and is gone`);
      assert.ok(!attempts.some(({ outcome }) => outcome.kind === 'held'), `${name}: held by nothing`);
      return;
    }
    assert.deepEqual(entry, seen.get(name) ?? entry, `${name}: changed since it was read`);
    assert.ok(mayHaveBeenTaken(slot, entry.payload), `${name}: ${entry.payload} was never taken`);
    const firsts = attempts.filter(({ outcome }) => outcome.kind === 'stored' && !outcome.duplicate);
    assert.ok(firsts.length <= 1, `${name}: ${firsts.length} callers were told that theirs is the first`);
    for (const { payload, outcome } of attempts) {
      if (outcome.kind === 'held')
        assert.notEqual(payload, entry.payload, `${name}: 422 for the same payload`);
      if (outcome.kind === 'stored') {
        const { id, receivedAt } = outcome;
        assert.deepEqual({ id, receivedAt, payload }, entry, `${name}: another entry was acknowledged`);
      }
      if (outcome.kind === 'queued')
        judgeQueued(name, entry, { ...outcome, payload }, places.get(outcome.id));
    }
  }

  function judgeQueued(name: string, entry: FoundEntry, told: FoundEntry, place: Place | undefined): void {
    const { id, receivedAt, payload } = told;
    assert.ok(place !== undefined, `${name}: ${id} was acknowledged and is lost`);
    assert.equal(place.payload, payload, `${name}: ${id} has another payload`);
    if (id === entry.id) assert.deepEqual({ id, receivedAt, payload }, entry, name);
    else if (place.kind === 'dead') {
      assert.equal(place.reason, 'idempotency-conflict', `${name}: ${id}`);
      assert.notEqual(payload, entry.payload, `${name}: ${id} is dead, and a link would do`);
    } else {
      assert.equal(place.duplicateOf, entry.id, `${name}: ${id}`);
      assert.equal(payload, entry.payload, `${name}: ${id} links to another payload`);
    }
  }

  function mayHaveBeenTaken(slot: Slot, payload: string): boolean {
    return attemptsOf(slot).some(
      (attempt) =>
        attempt.payload === payload &&
        attempt.outcome.kind !== 'held' &&
        attempt.outcome.kind !== 'not-written',
    );
  }

  return {
    sent(slot, payload) {
      const name = nameOf(slot);
      const known = slots.get(name) ?? { slot, attempts: [] };
      slots.set(name, known);
      const attempt: Attempt = { payload, outcome: { kind: 'unknown' } };
      known.attempts.push(attempt);
      return (outcome) => {
        attempt.outcome = outcome;
      };
    },
    saw(slot, entry) {
      const name = nameOf(slot);
      assert.deepEqual(entry, seen.get(name) ?? entry, `${name}: another entry than before`);
      seen.set(name, entry);
    },
    get slots() {
      return [...slots.values()].map(({ slot }) => slot);
    },
    acknowledged: () =>
      [...slots.values()].flatMap(({ slot, attempts }) =>
        attempts.flatMap(({ outcome }) => ('id' in outcome ? [{ slot, id: outcome.id }] : [])),
      ),
    judge,
    mayHaveBeenTaken,
    links(register, places) {
      const attempts = [...slots.values()]
        .filter(({ slot }) => slot.register === register)
        .flatMap((one) => one.attempts);
      const linked = attempts.filter(({ outcome }) => {
        const place = outcome.kind === 'queued' ? places.get(outcome.id) : undefined;
        return place?.kind === 'entry' && place.duplicateOf !== undefined;
      });
      // Who waited for the store was told of the first; what is unknown may have become anything.
      const possible = attempts.filter(
        ({ outcome }) => outcome.kind === 'unknown' || (outcome.kind === 'stored' && outcome.duplicate),
      );
      return { least: linked.length, most: linked.length + possible.length };
    },
  };
}

/**
 * What may happen in a sequence: keyed writes, alone, as lines of a batch and at once; reads; faults of the store and of
 * the queue, and their ends; a crash.
 */
import fc from 'fast-check';

import { LINK_STATES } from '../support/faulty-link.ts';

export const CALLERS = ['anonymous', 'alice', 'bob'] as const;
export type Caller = (typeof CALLERS)[number];

const caller = fc.constantFrom(...CALLERS);
const payload = fc.constantFrom(0, 0, 0, 1);
/** Rarely: a caller that goes away before it is answered. */
const leavesAfterMs = fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined, freq: 8 });

/** The last key is the one of the first line of a batch. */
const single = fc.record({
  kind: fc.constant('single' as const),
  caller,
  key: fc.constantFrom('first', 'second', 'lines/1'),
  payload,
  waits: fc.boolean(),
  leavesAfterMs,
});
const batch = fc.record({
  kind: fc.constant('batch' as const),
  caller,
  key: fc.constant('lines'),
  payloads: fc.array(payload, { minLength: 1, maxLength: 3 }),
  leavesAfterMs,
});
const write = fc.oneof({ arbitrary: single, weight: 3 }, { arbitrary: batch, weight: 1 });
export type Single = typeof single extends fc.Arbitrary<infer T> ? T : never;
export type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

const part = fc.constantFrom('store' as const, 'store' as const, 'queue' as const);

const step = fc.oneof(
  { weight: 9, arbitrary: write },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      writes: fc.array(write, { minLength: 2, maxLength: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      part,
      state: fc.constantFrom(...LINK_STATES.filter((state) => state !== 'ok')),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('mend' as const), part }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const steps = fc.array(step, { minLength: 3, maxLength: 14 });

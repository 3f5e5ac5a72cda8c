/**
 * The conformance suite of the store port: every driver runs all of it. Takes `test` as an argument, so that drivers of
 * others may run it in a runner of their own. One file a topic, in the folder of the same name.
 */
import { testAppend } from './store-conformance/append.ts';
import { testBytes } from './store-conformance/bytes.ts';
import { testDeadEntries } from './store-conformance/dead-entries.ts';
import { testExpiry } from './store-conformance/expiry.ts';
import { testLedger } from './store-conformance/ledger.ts';
import { testLifetime } from './store-conformance/lifetime.ts';
import { assertBalanced } from './store-conformance/observed.ts';
import type { Check, OpenedStore, Test } from './store-conformance/opened-store.ts';
import { testOwnership } from './store-conformance/ownership.ts';
import { testPersist } from './store-conformance/persist.ts';
import { testRandomSequences } from './store-conformance/random-sequences.ts';
import { testRead } from './store-conformance/read.ts';
import { testSettled } from './store-conformance/settled.ts';
import { testTail } from './store-conformance/tail.ts';

export type { OpenedStore };

export interface ConformanceOptions {
  /** Of the random sequences, to repeat one that failed; the seed is in the name of its test. */
  readonly seed?: number;
}

/** @param open makes a new, empty store. */
export function testStoreConformance(
  test: Test,
  open: () => Promise<OpenedStore>,
  { seed = Date.now() % 1_000_000 }: ConformanceOptions = {},
): void {
  const check: Check = (name, run) =>
    void test(name, async () => {
      const opened = await open();
      try {
        await run(opened);
        await assertBalanced(opened.store);
      } finally {
        await opened.dispose();
      }
    });
  testAppend(check);
  testPersist(check);
  testDeadEntries(check);
  testBytes(check);
  testRead(check);
  testOwnership(check);
  testTail(check);
  testExpiry(check);
  testLedger(check);
  testSettled(check);
  testLifetime(check);
  testRandomSequences(check, seed);
}

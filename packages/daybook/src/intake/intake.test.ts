import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { createClock } from '../clock.ts';
import type { EntryDraft } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import { createIdGenerator, idToMicros } from '../id.ts';
import type { AppendFault, FaultyStore } from '../testing/faulty-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import type { Budget } from './budget.ts';
import { createBudget } from './budget.ts';
import type { Accepted, Intake, IntakeOptions } from './intake.ts';
import { createIntake } from './intake.ts';

const DRAFT: EntryDraft = { register: 'app', subject: '', requestId: 'r', protocol: 'http', region: 'local' };
const NO_WAIT = { wait: () => new Promise<void>((resolve) => setImmediate(resolve)), reset: () => undefined };

function start(overrides: Partial<IntakeOptions> = {}): {
  intake: Intake;
  store: FaultyStore;
  budget: Budget;
} {
  const store = createFaultyStore();
  const clock = createClock();
  const budget = overrides.budget ?? createBudget(1_000_000);
  const intake = createIntake({
    target: store,
    ids: createIdGenerator(clock),
    nowMicros: () => clock.nowMicros(),
    source: 'a1',
    region: 'local',
    budget,
    backOff: NO_WAIT,
    maxBatchEntries: 100,
    maxBatchBytes: 100_000,
    answerWithinMs: () => 10_000,
    onStored: () => undefined,
    ...overrides,
  });
  return { intake, store, budget };
}

/** Until an append has met its fault. */
async function appended(store: FaultyStore): Promise<void> {
  while (store.appends === 0) await new Promise((resolve) => setImmediate(resolve));
}

function accept(intake: Intake, draft: EntryDraft): Promise<Accepted> {
  return new Promise((accepted, refused) => intake.accept(draft, { accepted, refused }));
}

/** Ids on record, in stored order, each as often as it is there. */
function recordedIds(store: FaultyStore): string[] {
  return [...store.batches.values()].flatMap((batch) => batch.entries.map((entry) => entry.id));
}

function assertDense(store: FaultyStore): void {
  const batches = [...store.batches.values()];
  assert.deepEqual(
    batches.map(({ n }) => n),
    batches.map((_, index) => index + 1),
  );
  let total = 0;
  for (const batch of batches) {
    total += batch.entries.length;
    assert.equal(batch.total, total);
  }
}

async function storedId(accepting: Promise<Accepted>): Promise<string> {
  const accepted = await accepting;
  assert.equal(accepted.kind, 'stored');
  return accepted.kind === 'stored' ? accepted.entry.id : '';
}

test('what arrives in one turn becomes one batch, in the order of arrival', async () => {
  const { intake, store } = start();
  const ids = await Promise.all(Array.from({ length: 50 }, () => storedId(accept(intake, DRAFT))));
  assert.equal(store.batches.size, 1);
  assert.deepEqual(recordedIds(store), ids);
  assert.deepEqual(ids, ids.toSorted());
});

test('what arrives while a batch is made durable waits for the next one', async () => {
  const { intake, store } = start();
  store.meet('hang');
  const first = accept(intake, DRAFT);
  await appended(store);
  const others = [accept(intake, DRAFT), accept(intake, DRAFT)];
  assert.equal(store.batches.size, 0);
  store.release();
  await Promise.all([first, ...others]);
  assert.deepEqual(
    [...store.batches.values()].map(({ entries }) => entries.length),
    [1, 2],
  );
  assertDense(store);
});

test('a batch is bounded by entries and by bytes', async () => {
  const { intake, store } = start({ maxBatchEntries: 10, maxBatchBytes: 3 * 1512 });
  const payload = Buffer.alloc(1000);
  await Promise.all(Array.from({ length: 25 }, () => accept(intake, DRAFT)));
  await Promise.all(Array.from({ length: 7 }, () => accept(intake, { ...DRAFT, payload })));
  const sizes = [...store.batches.values()].map(({ entries }) => entries.length);
  assert.ok(sizes.every((size) => size <= 10));
  assert.deepEqual(sizes.slice(-3), [3, 3, 1]);
  assertDense(store);
});

test('beyond the bytes in flight an entry is refused as not written, and room comes back', async () => {
  const { intake, store, budget } = start({ budget: createBudget(1_100) });
  store.meet('hang');
  const held = [accept(intake, DRAFT), accept(intake, DRAFT)];
  await assert.rejects(accept(intake, DRAFT), (thrown) => {
    assert.ok(thrown instanceof DaybookError);
    assert.equal(thrown.code, 'OVERLOADED');
    assert.equal(thrown.details.outcome, 'not-written');
    assert.equal(thrown.details.retryAfterSeconds, 1);
    return true;
  });
  await appended(store);
  store.release();
  await Promise.all(held);
  assert.equal(budget.used, 0);
  await accept(intake, DRAFT);
});

test('a failure that wrote nothing is told at once, and its batch number is used again', async () => {
  const { intake, store, budget } = start();
  await accept(intake, DRAFT);
  store.meet('disk-full');
  store.broken = true;
  await assert.rejects(accept(intake, DRAFT), { code: 'DISK_FULL' });
  assert.equal(intake.status().state, 'recovering');
  assert.equal(intake.status().code, 'DISK_FULL');
  await assert.rejects(accept(intake, DRAFT), { code: 'DISK_FULL' });
  assert.equal(budget.used, 0);
  store.broken = false;
  while (intake.status().state !== 'open') await new Promise((resolve) => setTimeout(resolve, 1));
  await accept(intake, DRAFT);
  assert.equal(store.batches.size, 2);
  assertDense(store);
});

for (const fault of ['unknown-lost', 'unknown-written'] as const) {
  test(`a batch whose outcome is unknown (${fault}) is repeated under its name until it is known, and stored once`, async () => {
    const { intake, store } = start();
    store.meet(fault, fault, fault);
    const ids = await Promise.all([storedId(accept(intake, DRAFT)), storedId(accept(intake, DRAFT))]);
    assert.deepEqual(recordedIds(store), ids);
    assertDense(store);
    assert.equal(intake.status().state, 'open');
  });
}

test('a caller hears unknown, with the id, when the outcome takes too long; the entry is stored all the same', async () => {
  const { intake, store, budget } = start({ answerWithinMs: () => 5 });
  store.meet('hang');
  let id = '';
  await assert.rejects(accept(intake, DRAFT), (thrown) => {
    assert.ok(thrown instanceof DaybookError);
    assert.equal(thrown.details.outcome, 'unknown');
    id = String(thrown.details.id);
    return true;
  });
  assert.ok(budget.used > 0, 'the bytes are held while the batch is under way');
  store.release();
  await intake.close();
  assert.deepEqual(recordedIds(store), [id]);
  assert.equal(budget.used, 0);
});

test('closing finishes what was accepted and refuses what comes', async () => {
  const { intake, store } = start();
  const accepted = Array.from({ length: 500 }, () => accept(intake, DRAFT));
  const closed = intake.close();
  await assert.rejects(accept(intake, DRAFT), { code: 'DRAINING' });
  await closed;
  await Promise.all(accepted);
  assert.equal(recordedIds(store).length, 500);
});

test('settledThrough is below every entry that is under way, and reaches now when none is', async () => {
  const { intake, store } = start();
  store.meet('hang');
  const accepting = accept(intake, DRAFT);
  const whileUnderWay = intake.settledThrough();
  await appended(store);
  assert.equal(intake.settledThrough(), whileUnderWay);
  store.release();
  const id = await storedId(accepting);
  assert.ok(idToMicros(id) > whileUnderWay);
  assert.ok(intake.settledThrough() > idToMicros(id));
});

test('under any faults every acknowledged entry is on record once, and batch numbers stay dense', async () => {
  const fault = fc.constantFrom<AppendFault>('not-written', 'disk-full', 'unknown-lost', 'unknown-written');
  const step = fc.record({
    writes: fc.integer({ min: 1, max: 30 }),
    faults: fc.array(fault, { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { intake, store, budget } = start();
      const acknowledged: string[] = [];
      for (const { writes, faults } of steps) {
        store.meet(...faults);
        const results = await Promise.allSettled(
          Array.from({ length: writes }, () => storedId(accept(intake, DRAFT))),
        );
        for (const result of results) if (result.status === 'fulfilled') acknowledged.push(result.value);
      }
      await intake.close();
      const recorded = recordedIds(store);
      assert.equal(new Set(recorded).size, recorded.length, 'nothing is twice on record');
      const known = new Set(recorded);
      assert.ok(
        acknowledged.every((id) => known.has(id)),
        'nothing acknowledged is missing',
      );
      assertDense(store);
      assert.equal(budget.used, 0);
    }),
    { numRuns: 60 },
  );
});

test('an entry that the store can never take is refused alone; what came with it is on record', async () => {
  const { intake, store, budget } = start();
  store.rejects = ({ requestId }) => requestId.startsWith('poison');
  const names = Array.from({ length: 41 }, (_, index) =>
    index % 20 === 7 ? `poison-${index}` : `r-${index}`,
  );
  const told = await Promise.allSettled(names.map((requestId) => accept(intake, { ...DRAFT, requestId })));
  for (const [index, { status }] of told.entries()) {
    assert.equal(
      status,
      names[index]?.startsWith('poison') === true ? 'rejected' : 'fulfilled',
      names[index],
    );
  }
  const refused = told.flatMap((one) => (one.status === 'rejected' ? [one.reason as DaybookError] : []));
  assert.deepEqual(
    refused.map(({ code, details }) => [code, details.outcome]),
    [
      ['ENTRY_REJECTED', 'not-written'],
      ['ENTRY_REJECTED', 'not-written'],
    ],
  );
  assert.equal(recordedIds(store).length, 39);
  assertDense(store);
  assert.equal(intake.status().state, 'open');
  await intake.close();
  assert.equal(budget.used, 0);
});

test('an entry that another intake stamped keeps its id', async () => {
  const { intake, store } = start();
  const entry = { ...DRAFT, id: '01940000-0000-7000-8000-000000000001' };
  await new Promise((accepted, refused) => intake.readmit(entry, { accepted, refused }));
  assert.deepEqual(recordedIds(store), [entry.id]);
  await intake.close();
});

test('who waits for an intake that is abandoned is told what is known', async () => {
  const { intake, store, budget } = start({ answerWithinMs: () => 60_000 });
  store.meet('hang');
  const outcomes: unknown[] = [];
  const write = () =>
    intake.accept(DRAFT, {
      accepted: () => assert.fail('it is on record'),
      refused: ({ code, details }) => outcomes.push([code, details.outcome, details.id !== undefined]),
    });
  write();
  await appended(store);
  write();
  intake.abandon();
  const [handedOver, behind] = outcomes;
  assert.deepEqual(handedOver, ['STORE_UNAVAILABLE', 'unknown', true]);
  assert.deepEqual(behind, ['STORE_UNAVAILABLE', 'not-written', false]);
  store.release();
  await intake.close();
  assert.equal(budget.used, 0);
});

test('an intake that is abandoned repeats nothing and keeps no bytes', async () => {
  const waiting = Promise.withResolvers<void>();
  const { intake, store, budget } = start({
    answerWithinMs: () => 5,
    backOff: { wait: () => waiting.promise, reset: () => undefined },
  });
  store.meet('unknown-lost');
  await assert.rejects(accept(intake, DRAFT), { code: 'STORE_UNAVAILABLE' });
  assert.ok(budget.used > 0);
  intake.abandon();
  waiting.resolve();
  await intake.close();
  assert.equal(store.appends, 1);
  assert.equal(budget.used, 0);
  await assert.rejects(accept(intake, DRAFT), { code: 'DRAINING' });
});

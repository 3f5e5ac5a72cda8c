/** The audit of actions that are no entries themselves: begun and ended, or not done at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAudit } from '../../src/access/audit.ts';
import { createInternalRecords } from '../../src/access/internal-records.ts';
import type { RecordIntake } from '../../src/access/internal-records.ts';
import type { EntryDraft } from '../../src/entry.ts';
import { DaybookError } from '../../src/errors.ts';
import { makeEntry } from '../../src/testing/made-batches.ts';

const ACTION = { action: 'dead-letters replay', by: 'admin', target: 'an-id', requestId: 'r-1' };

/** @param failures what the appends meet, in order; after the last one everything works. */
function createAudited(...failures: (DaybookError | undefined)[]) {
  const drafts: EntryDraft[] = [];
  const lost: unknown[] = [];
  const intake: RecordIntake = {
    accept(draft, waiter) {
      const failure = failures.shift();
      if (failure?.code === 'OVERLOADED') throw failure;
      if (failure === undefined) drafts.push(draft);
      setImmediate(() => {
        if (failure === undefined) waiter.accepted({ kind: 'stored', entry: makeEntry({ ...draft }) });
        else waiter.refused(failure);
      });
    },
  };
  const records = createInternalRecords({ intake, region: 'local' });
  const audit = createAudit({
    records,
    onOutcomeLost: ({ outcome, target }, { message }) => void lost.push({ outcome, target, message }),
  });
  const outcomes = () =>
    drafts.map(({ payload }) => {
      const { outcome, detail } = JSON.parse(Buffer.from(payload ?? []).toString()) as Record<
        string,
        unknown
      >;
      return detail === undefined ? outcome : { outcome, detail };
    });
  return { audit, records, drafts, outcomes, lost };
}

const fail = () => Promise.reject(new Error('no such letter'));
const away = () =>
  new DaybookError('STORE_UNAVAILABLE', 'gone fishing', {
    outcome: 'unknown',
    id: 'an-entry',
    retryAfterSeconds: 1,
  });

test('an action is on record before it is done, and its outcome before it is answered', async () => {
  const { audit, outcomes, drafts } = createAudited();
  const answer = await audit.around(
    ACTION,
    async () => {
      assert.deepEqual(outcomes(), ['begun']);
      return 7;
    },
    (result) => ({ outcome: 'stored', detail: { result } }),
  );
  assert.equal(answer, 7);
  assert.deepEqual(outcomes(), ['begun', { outcome: 'stored', detail: { result: 7 } }]);
  for (const { register, subject, requestId, contentType, clientIp } of drafts)
    assert.deepEqual(
      [register, subject, requestId, contentType, clientIp],
      ['audit', 'admin', 'r-1', 'application/json', undefined],
    );
});

test('what cannot be put on record is not done', async () => {
  const { audit, outcomes } = createAudited(away());
  let done = false;
  const work = async () => {
    done = true;
  };
  await assert.rejects(
    audit.around(ACTION, work, () => ({ outcome: 'done' })),
    {
      code: 'STORE_UNAVAILABLE',
      details: { outcome: 'unknown', retryAfterSeconds: 1 },
    },
  );
  assert.equal(done, false);
  assert.deepEqual(outcomes(), []);
});

test('an action that fails is on record as failed, and fails with its own error', async () => {
  const { audit, outcomes } = createAudited();
  await assert.rejects(
    audit.around(ACTION, fail, () => ({ outcome: 'done' })),
    /no such letter/,
  );
  assert.deepEqual(outcomes(), ['begun', { outcome: 'failed', detail: { reason: 'no such letter' } }]);
});

test('an outcome that cannot be put on record does not change the answer, and is told', async () => {
  const { audit, outcomes, lost } = createAudited(undefined, away());
  assert.equal(
    await audit.around(
      ACTION,
      async () => 'yes',
      () => ({ outcome: 'stored' }),
    ),
    'yes',
  );
  assert.deepEqual(outcomes(), ['begun']);
  assert.deepEqual(lost, [{ outcome: 'stored', target: 'an-id', message: 'gone fishing' }]);
});

test('of records that belong together none is given to the intake after one that it did not accept', async () => {
  const { records, drafts } = createAudited(new DaybookError('OVERLOADED', 'too much in flight'));
  const record = { register: 'keys', subject: 'daybook', requestId: 'r', body: {} } as const;
  await assert.rejects(records.append([record, record]), { code: 'OVERLOADED' });
  assert.deepEqual(drafts, []);
});

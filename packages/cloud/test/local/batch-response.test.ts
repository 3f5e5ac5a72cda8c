/** Answers to a batch, as "Implementing partial batch responses" lists them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { failedMessages } from './batch-response.ts';

const ids = new Set(['a', 'b', 'c']);
const answered = (payload: unknown) => ({ kind: 'response', payload, bytes: 0 }) as const;
const failed = (payload: unknown) => [...failedMessages(answered(payload), ids, true)];
const named = (...items: unknown[]) => ({
  batchItemFailures: items.map((itemIdentifier) => ({ itemIdentifier })),
});

test('nothing said is success of all', () => {
  for (const payload of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }])
    assert.deepEqual(failed(payload), [], JSON.stringify(payload));
});

test('the messages that are named stay, the others are done', () => {
  assert.deepEqual(failed(named('b')), ['b']);
  assert.deepEqual(failed(named('a', 'c')), ['a', 'c']);
});

test('what is not properly said is failure of all', () => {
  for (const payload of [
    named(''),
    named(null),
    named('d'),
    named('a', 'd'),
    { batchItemFailures: [{ id: 'a' }] },
    'a',
  ])
    assert.deepEqual(failed(payload), ['a', 'b', 'c'], JSON.stringify(payload));
});

test('an error, a time-out and a function that was never called are failure of all', () => {
  const error = { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out' };
  assert.deepEqual([...failedMessages({ kind: 'error', error }, ids, true)], ['a', 'b', 'c']);
  assert.deepEqual([...failedMessages({ kind: 'throttled' }, ids, true)], ['a', 'b', 'c']);
  assert.deepEqual([...failedMessages(undefined, ids, true)], ['a', 'b', 'c']);
});

test('a mapping that does not report failures takes any answer as success of all', () => {
  assert.deepEqual([...failedMessages(answered(named('a')), ids, false)], []);
});

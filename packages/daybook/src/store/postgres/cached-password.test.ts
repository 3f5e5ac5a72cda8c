import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createManualTime } from '../../testing/manual-time.ts';
import { createCachedPassword } from './cached-password.ts';

const FRESH_MS = 60_000;

/** A source that is scripted, and what was told of it. */
function scripted(...answers: readonly (string | Error)[]) {
  const time = createManualTime(0);
  const told: string[] = [];
  let reads = 0;
  const password = createCachedPassword({
    async read() {
      const answer = answers[reads++];
      if (typeof answer === 'string') return answer;
      throw answer ?? new Error('read more often than expected');
    },
    freshMs: FRESH_MS,
    onRenewed: () => told.push('renewed'),
    onNotRead: ({ message }) => told.push(message),
    nowMs: time.monotonicMs,
  });
  return { password, time, told, reads: () => reads };
}

/** What goes on beside an answer has ended. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('it is read once for all who ask at the same time, and kept while it is fresh', async () => {
  const { password, time, reads } = scripted('one');
  assert.deepEqual(await Promise.all([password.current(), password.current()]), ['one', 'one']);
  time.advance(FRESH_MS - 1);
  assert.equal(await password.current(), 'one');
  assert.equal(reads(), 1);
});

test('one that is old is given at once and read again meanwhile', async () => {
  const { password, time, told } = scripted('one', 'two');
  await password.current();
  time.advance(FRESH_MS);
  assert.equal(await password.current(), 'one');
  await settled();
  assert.equal(await password.current(), 'two');
  assert.deepEqual(told, ['renewed']);
});

test('one that a server refused is waited for, and asked for once a second at most', async () => {
  const { password, time, reads } = scripted('one', 'one', 'two');
  await password.current();
  time.advance(5_000);
  password.refused();
  assert.equal(await password.current(), 'one');
  password.refused();
  assert.equal(await password.current(), 'one');
  assert.equal(reads(), 2, 'the source was asked a moment ago');
  time.advance(1_000);
  assert.equal(await password.current(), 'two');
});

test('a source that is away keeps nobody from what servers take', async () => {
  const { password, time, told } = scripted('one', new Error('away'), 'one');
  await password.current();
  time.advance(FRESH_MS);
  assert.equal(await password.current(), 'one');
  await settled();
  assert.deepEqual(told, ['away']);
  assert.equal(await password.current(), 'one');
  time.advance(1_000);
  assert.equal(await password.current(), 'one');
  await settled();
  assert.deepEqual(told, ['away']);
});

test('without any that works, why there is none is told, and asked for again', async () => {
  const { password } = scripted(new Error('away'), 'one');
  await assert.rejects(password.current(), { message: 'away' });
  assert.equal(await password.current(), 'one');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientName, createRateLimiter } from './rate-limit.ts';

const BUCKET = { refillPerSecond: 10, capacity: 3 };

/** A limiter with a clock that stands still until it is moved. */
function limiterAt(maxClients?: number) {
  let ms = 0;
  const limiter = createRateLimiter(() => ms, maxClients);
  const take = (address = '203.0.113.7', register = 'app', direction: 'read' | 'write' = 'write') =>
    limiter.take(register, direction, BUCKET, clientName(address));
  return { take, pass: (elapsedMs: number) => void (ms += elapsedMs) };
}

test('a full bucket gives its capacity at once, then nothing', () => {
  const { take } = limiterAt();
  assert.deepEqual(
    [take(), take(), take()].map(({ allowed, remaining }) => [allowed, remaining]),
    [
      [true, 2],
      [true, 1],
      [true, 0],
    ],
  );
  assert.deepEqual(take(), { allowed: false, remaining: 0, retryAfterSeconds: 1 });
});

test('tokens come back with the time, never more than the capacity', () => {
  const { take, pass } = limiterAt();
  for (let n = 0; n < 3; n += 1) take();
  pass(99);
  assert.equal(take().allowed, false);
  pass(1);
  assert.equal(take().allowed, true);
  pass(3_600_000);
  assert.equal(take().remaining, 2);
});

test('what is refused costs nothing', () => {
  const { take, pass } = limiterAt();
  for (let n = 0; n < 50; n += 1) take();
  pass(100);
  assert.equal(take().allowed, true);
});

test('a slow refill is waited for in whole seconds', () => {
  const limiter = createRateLimiter(() => 0);
  const bucket = { refillPerSecond: 0.1, capacity: 1 };
  limiter.take('app', 'write', bucket, 'a');
  assert.equal(limiter.take('app', 'write', bucket, 'a').retryAfterSeconds, 10);
});

test('each client, register and direction has a bucket of its own', () => {
  const { take } = limiterAt();
  for (let n = 0; n < 4; n += 1) take();
  assert.equal(take().allowed, false);
  assert.equal(take('203.0.113.8').allowed, true);
  assert.equal(take('203.0.113.7', 'epoch').allowed, true);
  assert.equal(take('203.0.113.7', 'app', 'read').allowed, true);
});

test('an IPv6 subscriber is one client, an IPv4 address is one through either kind of socket', () => {
  const { take } = limiterAt();
  for (let n = 0; n < 3; n += 1) take(`2001:db8:1:2::${n}`);
  assert.equal(take('2001:db8:1:2:ffff::9').allowed, false);
  assert.equal(take('2001:db8:1:3::1').allowed, true);
  for (let n = 0; n < 3; n += 1) take('203.0.113.7');
  assert.equal(take('::ffff:203.0.113.7').allowed, false);
  assert.equal(take('::ffff:203.0.113.8').allowed, true, 'a neighbour is another client');
});

test('the client seen longest ago is forgotten first', () => {
  const { take } = limiterAt(2);
  for (let n = 0; n < 4; n += 1) take('a');
  take('b');
  take('a');
  take('c'); // b is forgotten
  assert.equal(take('a').allowed, false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StartError } from '../errors.ts';
import { createOpenedWhenCalled } from './opened-when-called.ts';
import type { Store, StoreCapabilities } from './store.ts';
import { StoreError } from './store.ts';

function make(open: () => Promise<Partial<Store>>) {
  const failures: string[] = [];
  const store = createOpenedWhenCalled({
    open: open as () => Promise<Store>,
    capabilities: { driver: 'remote' } as StoreCapabilities,
    onFailure: ({ message }) => void failures.push(message),
  });
  return { store, failures };
}

test('nothing is opened before a call, and then once for all calls', async () => {
  let opens = 0;
  const { store } = make(async () => {
    opens += 1;
    return { time: async () => 7, lanes: [{ name: 'a', epoch: 'e' }] };
  });
  assert.equal(store.capabilities.driver, 'remote');
  assert.equal(opens, 0);
  assert.deepEqual(await Promise.all([store.time(), store.time()]), [7, 7]);
  await store.reach();
  assert.equal(opens, 1);
  assert.deepEqual(
    store.lanes.map(({ name }) => name),
    ['a'],
  );
});

test('after a failure the next call tries anew, and each is told as the store’s', async () => {
  const refusals = [new StoreError('unavailable', 'not-written', 'away'), new StartError('no such table')];
  const { store, failures } = make(async () => {
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
    return { time: async () => 7 };
  });
  for (const message of ['away', 'no such table'])
    await assert.rejects(store.time(), { name: 'StoreError', reason: 'unavailable', message });
  assert.deepEqual(failures, ['away', 'no such table']);
  assert.equal(await store.time(), 7);
});

test('a store that was never reached is closed without being opened', async () => {
  const { store } = make(() => assert.fail('opened'));
  await store.close();
});

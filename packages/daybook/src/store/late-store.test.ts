import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LateStoreOptions } from './late-store.ts';
import { createLateStore } from './late-store.ts';
import type { Store, StoreCapabilities } from './store.ts';
import { StoreError } from './store.ts';

const capabilities = { driver: 'slow' } as StoreCapabilities;
const away = () => new StoreError('unavailable', 'not-written', 'away');

/** A store that says `now` for its time, and whether it was closed. */
function madeStore() {
  const made = { closed: 0, time: async () => 7, close: async () => void (made.closed += 1) };
  return made;
}

function late(open: () => Promise<unknown>, options: Partial<LateStoreOptions> = {}): Promise<Store> {
  return createLateStore({
    open: open as LateStoreOptions['open'],
    capabilities,
    backOff: { next: () => 0, wait: () => new Promise((resolve) => setImmediate(resolve)), reset() {} },
    onFailure() {},
    ...options,
  });
}

async function opened(store: Store): Promise<void> {
  while (
    await store.time().then(
      () => false,
      () => true,
    )
  )
    await new Promise((resolve) => setImmediate(resolve));
}

test('a store that opens at once is itself', async () => {
  const made = madeStore();
  const store: unknown = await late(async () => made);
  assert.equal(store, made);
});

test('a store that refuses is stood in for, and opened again until it is there', async () => {
  let opens = 0;
  const made = madeStore();
  const store = await late(async () => {
    opens += 1;
    if (opens < 3) throw away();
    return made;
  });
  await assert.rejects(store.time(), /not reached yet: away/);
  await opened(store);
  assert.equal(opens, 3);
  await store.close();
  assert.equal(made.closed, 1);
});

test('a store that is silent holds up no start, and is taken as soon as it opens', async () => {
  const made = madeStore();
  const { promise, resolve } = Promise.withResolvers<typeof made>();
  let opens = 0;
  const store = await late(
    () => {
      opens += 1;
      return promise;
    },
    { waitMs: 5 },
  );
  await assert.rejects(store.time(), /not reached yet: no answer within 5 ms/);
  resolve(made);
  await opened(store);
  assert.equal(opens, 1, 'nobody opens a second one meanwhile');
  await store.close();
  assert.equal(made.closed, 1);
});

test('a store that was silent and then refuses is opened again', async () => {
  const made = madeStore();
  const { promise, reject } = Promise.withResolvers<typeof made>();
  let opens = 0;
  const store = await late(() => ((opens += 1) === 1 ? promise : Promise.resolve(made)), { waitMs: 5 });
  reject(away());
  await opened(store);
  assert.equal(opens, 2);
  await store.close();
});

test('a store that is there and cannot be used ends the start', async () => {
  await assert.rejects(
    late(async () => {
      throw new TypeError('of another kind');
    }),
    /of another kind/,
  );
});

/**
 * What is vouched for: the least of all statements in force.
 */
import assert from 'node:assert/strict';

import { VOUCH_LIFETIME_MS } from '../../store/store.ts';
import { BASE_MICROS } from '../made-batches.ts';
import type { Check } from './opened-store.ts';

const statement = { region: 'local', binding: false } as const;

export function testSettled(check: Check): void {
  check(
    'the answer is the least that is vouched for, and nothing where nobody vouches',
    async ({ store }) => {
      assert.equal(await store.vouchedThrough(), undefined);
      await store.vouch({ ...statement, voucher: 'a', through: BASE_MICROS + 5 });
      await store.vouch({ ...statement, voucher: 'b', through: BASE_MICROS + 3, binding: true });
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 3);
      await store.vouch({ ...statement, voucher: 'b', through: BASE_MICROS + 9, binding: true });
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 5);
      await store.vouch({ ...statement, voucher: 'a', through: BASE_MICROS + 4 });
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 4, 'the last word of its maker counts');
      await store.withdraw('a');
      await store.withdraw('nobody');
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 9);
      await store.withdraw('b');
      assert.equal(await store.vouchedThrough(), undefined);
    },
  );

  check(
    'a word that is not binding is forgotten, a binding one holds until it is withdrawn',
    async (opened) => {
      const { store } = opened;
      await store.vouch({ ...statement, voucher: 'process', through: BASE_MICROS + 1 });
      await store.vouch({ ...statement, voucher: 'queue', through: BASE_MICROS + 2, binding: true });
      await opened.ageVouches(VOUCH_LIFETIME_MS / 2);
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 1);
      await opened.ageVouches(VOUCH_LIFETIME_MS / 2);
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 2);
      await store.vouch({ ...statement, voucher: 'process', through: BASE_MICROS + 1 });
      assert.equal(await store.vouchedThrough(), BASE_MICROS + 1, 'renewed');
      await opened.ageVouches(100 * VOUCH_LIFETIME_MS);
      const { store: reopened } = await opened.reopen();
      assert.equal(await reopened.vouchedThrough(), BASE_MICROS + 2);
      await reopened.withdraw('queue');
      assert.equal(await reopened.vouchedThrough(), undefined);
    },
  );
}

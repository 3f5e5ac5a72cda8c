/**
 * Who vouches how far everything of theirs is in its final place.
 */
import type { Store } from '../store.ts';
import { VOUCH_LIFETIME_MS } from '../store.ts';
import type { Pool, Statement } from './connection.ts';

/** Words that hold no longer are removed by whoever gives one, well after the last reader could look at them. */
const FORGET_AFTER_MICROS = 100 * VOUCH_LIFETIME_MS * 1000;

/** `SKIP LOCKED`: two that clean up at once must not wait for each other. */
const VOUCH: Statement = {
  name: 'vouch',
  text: `
    WITH forgotten AS (
      DELETE FROM daybook.voucher WHERE voucher IN (
        SELECT voucher FROM daybook.voucher
        WHERE NOT binding AND voucher <> $1 AND vouched_at < daybook.now_micros() - ${FORGET_AFTER_MICROS}
        LIMIT 100 FOR UPDATE SKIP LOCKED
      )
    )
    INSERT INTO daybook.voucher (voucher, region, through, binding, vouched_at)
    VALUES ($1, $2, $3, $4, daybook.now_micros())
    ON CONFLICT (voucher) DO UPDATE SET region = excluded.region, through = excluded.through,
      binding = excluded.binding, vouched_at = excluded.vouched_at`,
};

const WITHDRAW: Statement = { name: 'withdraw', text: 'DELETE FROM daybook.voucher WHERE voucher = $1' };

export function createVouchers(pool: Pool): Pick<Store, 'vouch' | 'withdraw'> {
  return {
    async vouch({ voucher, region, through, binding }) {
      await pool.write(VOUCH, [voucher, region, through, binding]);
    },
    async withdraw(voucher) {
      await pool.write(WITHDRAW, [voucher]);
    },
  };
}

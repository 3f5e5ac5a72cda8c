/**
 * Who vouches how far everything of theirs is in its final place. Runs in the writer thread.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { Vouch } from '../store.ts';

export function createVouchers(db: DatabaseSync) {
  const upsert = db.prepare(
    `INSERT INTO voucher (voucher, region, through, binding, vouched_at)
     VALUES (?, ?, ?, ?, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
     ON CONFLICT (voucher) DO UPDATE SET region = excluded.region, through = excluded.through,
       binding = excluded.binding, vouched_at = excluded.vouched_at`,
  );
  const remove = db.prepare('DELETE FROM voucher WHERE voucher = ?');
  return {
    vouch: ({ voucher, region, through, binding }: Vouch): void =>
      void upsert.run(voucher, region, through, binding ? 1 : 0),
    withdraw: (voucher: string): void => void remove.run(voucher),
  };
}

/**
 * Retention: deletes the oldest entries of a register with their pointers and keys, and moves the ledger in the same
 * transactions. Each has a condition for every entry and mark that it deletes, so that several processes may do this at
 * once and each entry is counted by the one that deleted it:
 *
 *   list what is due ──▶ nothing ─────────────────────────▶ done
 *    ▲  └──▶ move the line ──▶ transaction ──▶ committed ───┐
 *    │                          ▲   └──▶ some are gone: leave them out ─┐
 *    │                          └───────────────────────────────────────┘
 *    └──────────── log items that list nothing any more go ◀┘
 */
import { createBackOff } from '../../retry.ts';
import type { ExpireQuery } from '../store.ts';
import { StoreError } from '../store.ts';
import type { Due, DueEntry, DueIn } from './due.ts';
import { readDue } from './due.ts';
import { pointerKey } from './entry-writes.ts';
import type { Write } from './item.ts';
import { keyItem, number, text } from './item.ts';
import { idempotencyKey } from './keys.ts';
import { createLedgerChanges } from './ledger-changes.ts';
import { trimLog } from './log-trim.ts';
import { moveWrite, readRetention } from './retention-state.ts';
import { MAX_BYTES, MAX_WRITES, SMALL_ITEM_BYTES } from './transaction.ts';

export interface ExpireOptions extends DueIn {
  /** A log item stays for so long at least. */
  readonly logKeptMicros: number;
}

const CONTENTION = { firstMs: 5, limitMs: 500 };
/** In a row, without a commit: a minute with the delays above. */
const MAX_ROUNDS = 150;

export function createExpire(options: ExpireOptions): (query: ExpireQuery) => Promise<number> {
  const { table, tableName, lane } = options;

  /** @returns those that this call deleted. */
  async function take(all: readonly Due[], query: ExpireQuery): Promise<DueEntry[]> {
    const of = { tableName, lane, register: query.register };
    let state = await readRetention(table, of);
    // Refused when somebody else moved it as far.
    if (state.line < query.before) await table.transact([moveWrite(of, 'line', query.before)]);
    const taken: DueEntry[] = [];
    const backOff = createBackOff(CONTENTION);
    let left = all;
    for (let rounds = 1; left.length > 0; rounds += 1) {
      const { due, writes } = planDeletion(left);
      const through = Math.max(...due.map(({ entry }) => entry?.position ?? 0));
      if (through > state.through) writes.push(moveWrite(of, 'through', through));
      const { reasons } = await table.transact(writes);
      if (reasons === undefined) {
        left = left.slice(due.length);
        taken.push(...due.flatMap(({ entry }) => entry ?? []));
        rounds = 0;
        backOff.reset();
        continue;
      }
      if (rounds >= MAX_ROUNDS) throw contended(lane);
      // By another process, or by an attempt of ours whose answer was lost: who deleted them, counted them.
      const gone = new Set(due.filter((_, index) => reasons[index]?.Code === 'ConditionalCheckFailed'));
      left = left.filter((one) => !gone.has(one));
      if (gone.size === 0) await backOff.wait();
      state = await readRetention(table, of);
    }
    return taken;
  }

  /** As many as one transaction holds; each of them is the write of the same index. */
  function planDeletion(left: readonly Due[]): { due: readonly Due[]; writes: Write[] } {
    const deletions: Write[] = [];
    const beside: Write[] = [];
    const ledger = createLedgerChanges();
    let [rows, bytes, taken] = [0, 0, 0];
    for (const { key, place, bytes: size, entry } of left) {
      const more = entry === undefined ? [] : deletionsBeside(entry);
      const move = entry && { ...entry, from: 'stored' as const, to: 'expired' as const };
      const row = move === undefined || ledger.has(move) ? 0 : 1;
      const count = deletions.length + beside.length + rows + more.length + row + 2;
      const grown = bytes + size + (more.length + row) * SMALL_ITEM_BYTES;
      if (taken > 0 && (count > MAX_WRITES || grown > MAX_BYTES)) break;
      const [name, value] =
        place.at === 'stored' ? ['position', number(place.position)] : ['mark', text(place.at)];
      deletions.push({
        Delete: {
          TableName: tableName,
          Key: keyItem(key),
          ConditionExpression: '#at = :at',
          ExpressionAttributeNames: { '#at': name },
          ExpressionAttributeValues: { ':at': value },
        },
      });
      beside.push(...more);
      if (move !== undefined) ledger.move(move);
      rows += row;
      bytes = grown;
      taken += 1;
    }
    return {
      due: left.slice(0, taken),
      writes: [...deletions, ...beside, ...ledger.writes(tableName, lane)],
    };
  }

  /** They are there exactly while their entry is, and that one's condition tells. */
  function deletionsBeside({ shards, ...entry }: DueEntry): Write[] {
    const { region, register, subject, idempotencyKey: key } = entry;
    const keys = [
      ...(subject === '' ? [] : [pointerKey(lane, entry, shards)]),
      ...(key === undefined ? [] : [idempotencyKey(lane, { region, register, subject, key })]),
    ];
    return keys.map((one) => ({ Delete: { TableName: tableName, Key: keyItem(one) } }));
  }

  return async (query) => {
    let expired = 0;
    while (expired < query.limit) {
      const due = await readDue(options, { ...query, limit: query.limit - expired });
      if (due.length === 0) break;
      const taken = await take(due, query);
      expired += taken.length;
      await trimLog(options, taken);
    }
    return expired;
  };
}

function contended(lane: string): StoreError {
  return new StoreError(
    'unavailable',
    'unknown',
    `dynamodb: lane ${lane}: ${MAX_ROUNDS} transactions in a row met others while entries expired`,
  );
}

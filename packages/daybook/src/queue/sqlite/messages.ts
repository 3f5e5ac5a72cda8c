/**
 * The table of messages: what is sent is inserted, what is acknowledged is deleted, and the totals follow in the same
 * transaction.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { MessageColumns } from './message-columns.ts';

export interface MessageTotals {
  readonly messages: number;
  readonly entries: number;
  readonly bytes: number;
  /** The largest stamp that was ever sent; Unix microseconds. */
  readonly newestStamp: number | undefined;
}

export interface Messages {
  /** One transaction. */
  insert(columns: MessageColumns, nowMicros: number, commit: () => void): void;
  /** One transaction; numbers that are gone are passed over. */
  remove(numbers: readonly number[], commit: () => void): void;
  totals(): MessageTotals;
  /** Unix microseconds; undefined when there is no message. */
  oldestSentAt(): number | undefined;
  /** Unix microseconds; undefined when there is no message. */
  oldestStamp(): number | undefined;
}

export function createMessages(db: DatabaseSync): Messages {
  const insertOne = db.prepare(
    'INSERT INTO message (entries, oldest_stamp, sent_at, not_before, body) VALUES (?, ?, ?, ?, ?)',
  );
  const removeOne = db.prepare(
    'DELETE FROM message WHERE number = ? RETURNING entries, length(body) AS bytes',
  );
  const addToTotal = db.prepare(
    `UPDATE total SET messages = messages + ?1, entries = entries + ?2, bytes = bytes + ?3,
       newest_stamp = CASE WHEN ?4 > coalesce(newest_stamp, 0) THEN ?4 ELSE newest_stamp END`,
  );
  const readTotal = db.prepare('SELECT messages, entries, bytes, newest_stamp FROM total');
  const readOldestSentAt = db.prepare('SELECT sent_at FROM message ORDER BY number LIMIT 1');
  const readOldestStamp = db.prepare('SELECT min(oldest_stamp) AS stamp FROM message');

  return {
    insert(columns, nowMicros, commit) {
      const { bodies, bodyBytes } = columns;
      let offset = 0;
      let entries = 0;
      let newestStamp = 0;
      db.exec('BEGIN IMMEDIATE');
      for (const [index, bytes] of bodyBytes.entries()) {
        const count = columns.entries[index] as number;
        const delayMs = columns.delaysMs[index] as number;
        insertOne.run(
          count,
          columns.oldestStamps[index] as number,
          nowMicros,
          delayMs > 0 ? nowMicros + Math.ceil(delayMs * 1000) : 0,
          bodies.subarray(offset, offset + bytes),
        );
        offset += bytes;
        entries += count;
        newestStamp = Math.max(newestStamp, columns.newestStamps[index] as number);
      }
      addToTotal.run(bodyBytes.length, entries, bodies.byteLength, newestStamp);
      commit();
    },

    remove(numbers, commit) {
      let messages = 0;
      let entries = 0;
      let bytes = 0;
      db.exec('BEGIN IMMEDIATE');
      for (const number of numbers) {
        const removed = removeOne.get(number);
        if (removed === undefined) continue;
        messages += 1;
        entries += Number(removed['entries']);
        bytes += Number(removed['bytes']);
      }
      addToTotal.run(-messages, -entries, -bytes, 0);
      commit();
    },

    totals() {
      const row = readTotal.get() ?? {};
      return {
        messages: Number(row['messages']),
        entries: Number(row['entries']),
        bytes: Number(row['bytes']),
        newestStamp: toOptional(row['newest_stamp']),
      };
    },
    oldestSentAt: () => toOptional(readOldestSentAt.get()?.['sent_at']),
    oldestStamp: () => toOptional(readOldestStamp.get()?.['stamp']),
  };
}

function toOptional(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

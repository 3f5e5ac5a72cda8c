/**
 * Which messages are out, and which come next. All of it lives in memory and ends with the thread: then every message
 * that was not acknowledged is fresh again.
 *
 *   fresh ──receive──▶ out ──acknowledge──▶ deleted
 *     │                 │ ▲
 *     │ not its time    │ └──receive, when due
 *     └────────────▶ waiting ◀── release
 *
 * Fresh are the rows behind the frontier, the highest number that was looked at; numbers only grow, so each row is
 * looked at once, by the primary key, however long the backlog is. A delay of a release is not written: that would cost
 * a commit, and a full disk would hold what it cannot put back. A delay of a send rides on the commit of the send.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { Clock } from '../../clock.ts';
import { createWaitingNumbers } from './waiting-numbers.ts';

export interface StoredMessage {
  readonly number: number;
  readonly body: Uint8Array;
  /** Unix microseconds. */
  readonly sentAt: number;
}

export interface Received {
  readonly messages: readonly StoredMessage[];
  /** Milliseconds until a message falls due that waits now; undefined when none does. */
  readonly nextDueInMs: number | undefined;
}

export interface DeliveryState {
  /** How many are out. */
  readonly out: number;
  receive(maxMessages: number, maxBytes: number): Received;
  release(numbers: readonly number[], delayMs: number): void;
  /** After they were deleted. */
  forget(numbers: readonly number[]): void;
}

/** 16 MB. While so many wait for their time, what is fresh waits as well. */
const MAX_WAITING = 1_000_000;

export function createDeliveryState(db: DatabaseSync, clock: Clock, maxWaiting = MAX_WAITING): DeliveryState {
  const readFresh = db.prepare(
    'SELECT number, sent_at, not_before, body FROM message WHERE number > ? ORDER BY number LIMIT 1',
  );
  const readOne = db.prepare('SELECT number, sent_at, not_before, body FROM message WHERE number = ?');
  const waiting = createWaitingNumbers();
  const out = new Set<number>();
  let frontier = 0;

  /** Takes the next one that may be given now, and is not larger than `maxBytes`. One that cannot be read is not taken. */
  function take(nowMs: number, maxBytes: number): StoredMessage | undefined {
    for (let first = waiting.first(); first !== undefined && first.dueMs <= nowMs; first = waiting.first()) {
      const row = readOne.get(first.number);
      if (row !== undefined && toMessage(row).body.byteLength > maxBytes) return undefined;
      waiting.dropFirst();
      if (row !== undefined) return toMessage(row);
      // Acknowledged late, after it was released.
    }
    return takeFresh(nowMs, maxBytes);
  }

  function takeFresh(nowMs: number, maxBytes: number): StoredMessage | undefined {
    while (waiting.size < maxWaiting) {
      const row = readFresh.get(frontier);
      if (row === undefined) return undefined;
      const message = toMessage(row);
      const delayMs = (Number(row['not_before']) - clock.nowMicros()) / 1000;
      if (delayMs <= 0 && message.body.byteLength > maxBytes) return undefined;
      frontier = message.number;
      if (delayMs <= 0) return message;
      waiting.add(message.number, nowMs + delayMs);
    }
    return undefined;
  }

  function release(numbers: readonly number[], delayMs: number): void {
    const dueMs = clock.elapsedMs() + delayMs;
    for (const number of numbers) if (out.delete(number)) waiting.add(number, dueMs);
  }

  return {
    get out() {
      return out.size;
    },

    receive(maxMessages, maxBytes) {
      const messages: StoredMessage[] = [];
      const nowMs = clock.elapsedMs();
      let left = Infinity;
      try {
        while (messages.length < maxMessages) {
          const message = take(nowMs, left);
          if (message === undefined) break;
          messages.push(message);
          out.add(message.number);
          left = Math.min(left, maxBytes) - message.body.byteLength;
        }
      } catch (error) {
        release(
          messages.map(({ number }) => number),
          0,
        );
        throw error;
      }
      const first = waiting.first();
      return { messages, nextDueInMs: first && Math.max(0, first.dueMs - nowMs) };
    },

    release,

    forget(numbers) {
      for (const number of numbers) out.delete(number);
    },
  };
}

function toMessage(row: Record<string, unknown>): StoredMessage {
  return {
    number: Number(row['number']),
    body: row['body'] as Uint8Array,
    sentAt: Number(row['sent_at']),
  };
}

/**
 * What a careful client does after a crash: it repeats every keyed write that it has no answer for, with the same key
 * and the same bytes, and again while the answer is that it may be repeated.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { type Exchange, openConnection } from './exchange.ts';
import type { Attempt, Journal } from './journal.ts';
import { writeBatch, writeOne } from './writers.ts';

export interface Resent {
  readonly entries: number;
  /** How many of them the server had stored before the crash, although the answer never arrived. */
  readonly alreadyStored: number;
}

/** The key of the whole batch: that of a line is `<key>/<line>`. */
function batchKey(attempt: Attempt): string | undefined {
  return attempt.key?.includes('/') === true ? attempt.key.slice(0, attempt.key.lastIndexOf('/')) : undefined;
}

function linesOf(journal: Journal, key: string): Attempt[] {
  return [...journal.attempts.values()].filter((attempt) => batchKey(attempt) === key);
}

/** Repeats what may be repeated; gives the answer that is not "try again", or the last of a minute. */
async function untilTold(send: () => Promise<Exchange>): Promise<Exchange> {
  let answer = await send();
  const end = performance.now() + 60_000;
  while (/"retryable":true/.test(answer.body) && performance.now() < end) {
    await sleep(100);
    answer = await send();
  }
  return answer;
}

/** @throws {Error} when a repeat is not answered with a success in the end. */
export async function resendUnacknowledged(
  address: string,
  journal: Journal,
  register = 'app',
): Promise<Resent> {
  const attempts = journal.unacknowledgedKeyed();
  const connection = openConnection(address);
  let alreadyStored = 0;
  const count = (answer: Exchange) => {
    if (answer.status >= 300 || answer.body.includes('"code":'))
      throw new Error(`repeat: ${answer.status} ${answer.body}`);
    alreadyStored += answer.body.split('"duplicate":true').length - 1;
  };
  try {
    for (const attempt of attempts) {
      if (batchKey(attempt) !== undefined) continue;
      count(await untilTold(() => writeOne(connection, register, attempt, journal)));
    }
    for (const key of new Set(attempts.map(batchKey))) {
      if (key === undefined) continue;
      const lines = linesOf(journal, key);
      count(await untilTold(() => writeBatch(connection, register, lines, journal, key)));
    }
  } finally {
    connection.close();
  }
  return { entries: attempts.length, alreadyStored };
}

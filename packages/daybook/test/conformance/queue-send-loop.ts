/**
 * A program that sends to a SQLite queue without end, run as a child to be killed: tells of each message, when its send
 * has resolved, on a line of standard output. Arguments: the queue's directory, the first number.
 */
import { writeSync } from 'node:fs';

import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';

const SENDERS = 16;

const [directory = '', first = '0'] = process.argv.slice(2);
const queue = await createSqliteQueue({ directory });
let next = Number(first);

async function send(): Promise<void> {
  for (;;) {
    const n = next++;
    // Of very different sizes, so that a kill falls into pages of every kind.
    const body = Buffer.from(`${n} ${'x'.repeat((n * 997) % 20_000)}`);
    await queue.send({ body, entries: 1, oldestStamp: n });
    writeSync(1, `${n}\n`);
  }
}

// Ends with its parent, should that end first.
process.stdin.on('end', () => process.exit(0)).resume();
await Promise.all(Array.from({ length: SENDERS }, send));

/**
 * The queue's thread: the only connection to its file. It answers one call after the other; a call that sends or
 * acknowledges is one transaction, and answered when that is durable.
 */
import { dirname } from 'node:path';

import { createClock } from '../../clock.ts';
import type { DurabilityLevel } from '../../durability.ts';
import {
  assertOurs,
  configureWriter,
  openWriter,
  sqliteDurability,
  truncateWal,
} from '../../sqlite/connection.ts';
import { createGuard } from '../../sqlite/guard.ts';
import { migrate } from '../../sqlite/migrate.ts';
import { serveThread } from '../../sqlite/thread-server.ts';
import type { QueueStatus } from '../queue.ts';
import { createDeliveryState } from './delivery-state.ts';
import { createDiskRoom } from './disk-room.ts';
import type { MessageColumns } from './message-columns.ts';
import { createMessages } from './messages.ts';
import { createVacuum } from './vacuum.ts';

export interface WriterData {
  readonly path: string;
  readonly busyTimeoutMs?: number | undefined;
}

/** What the thread says about itself when it has opened the file. */
export interface WriterReady {
  readonly durability: { readonly level: DurabilityLevel; readonly proof: string };
  readonly newestStamp: number | undefined;
}

/** "DAYQ", set by the first migration. */
const APPLICATION_ID = 0x44415951;

/** Runs in a thread of its own. @throws {StartError} when the database cannot be used. */
export function serve({ path, busyTimeoutMs }: WriterData): void {
  assertOurs(path, APPLICATION_ID);
  const db = openWriter(path, busyTimeoutMs);
  migrate(db, 'sqlite-queue');
  configureWriter(db);
  truncateWal(db);
  const clock = createClock();
  const guarded = createGuard(db);
  const messages = createMessages(db);
  const deliveries = createDeliveryState(db, clock);
  const vacuum = createVacuum(db, guarded);
  const room = createDiskRoom(dirname(path));
  const writeProbe = db.prepare(
    `INSERT INTO probe (singleton, probed_at) VALUES (1, unixepoch())
     ON CONFLICT (singleton) DO UPDATE SET probed_at = excluded.probed_at`,
  );
  const ready: WriterReady = {
    durability: sqliteDurability(path),
    newestStamp: messages.totals().newestStamp,
  };
  serveThread(ready, {
    send(columns: MessageColumns) {
      room.assertFor(columns.bodies.byteLength);
      guarded((commit) => messages.insert(columns, clock.nowMicros(), commit));
    },
    receive: ({ maxMessages, maxBytes }: { maxMessages: number; maxBytes: number }) =>
      deliveries.receive(maxMessages, maxBytes),
    acknowledge(numbers: readonly number[]) {
      guarded((commit) => messages.remove(numbers, commit));
      deliveries.forget(numbers);
      vacuum.wake();
    },
    release: ({ numbers, delayMs }: { numbers: readonly number[]; delayMs: number }) =>
      deliveries.release(numbers, delayMs),
    status(): QueueStatus {
      const { messages: count, entries, bytes } = messages.totals();
      return {
        messages: count,
        delivered: deliveries.out,
        entries,
        bytes,
        oldestSentAt: messages.oldestSentAt(),
      };
    },
    oldestStamp: () => messages.oldestStamp(),
    probe() {
      room.assertFor(0);
      guarded(() => void writeProbe.run());
    },
    close() {
      vacuum.stop();
      truncateWal(db);
      db.close();
    },
  });
}

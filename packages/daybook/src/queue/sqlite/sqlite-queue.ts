/**
 * The SQLite driver of the queue port: one thread, one file, `queue.db`. It belongs to one process, which owns the data
 * directory (see `data-directory/own.ts`). Sends that arrive while one commits share the next commit; what is delivered
 * is remembered in memory only, so after a restart everything that was not acknowledged comes again.
 */
import { join } from 'node:path';

import { systemTime } from '../../clock.ts';
import { StartError, toError } from '../../errors.ts';
import type { Failure } from '../../sqlite/failure.ts';
import { startThread } from '../../sqlite/thread.ts';
import type { Delivery, OutgoingMessage, Queue, QueueStatus } from '../queue.ts';
import { QueueError } from '../queue.ts';
import { createBell } from './bell.ts';
import type { Received, StoredMessage } from './delivery-state.ts';
import { createGroupCommit } from './group-commit.ts';
import { toColumns } from './message-columns.ts';
import type { WriterData, WriterReady } from './writer.ts';
// Its code is compiled here, once; it runs in a thread.
import './writer.ts';

export interface SqliteQueueOptions {
  /** An existing folder; the database is `queue.db` in it. */
  readonly directory: string;
  /** How long a lock that another process holds on the file is waited for; default 5 000. */
  readonly busyTimeoutMs?: number;
}

/** Far below SQLite's own ceiling (10^9, https://www.sqlite.org/limits.html): a batch of the largest entry and others. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MAX_DELAY_MS = 365 * 24 * 3_600_000;
/** One commit; what is more waits for the next. */
const MAX_COMMIT_BYTES = 32 * 1024 * 1024;
const MAX_COMMIT_MESSAGES = 10_000;

/** `.ts` when run from source, `.js` when built. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const WRITER = new URL(`./writer${EXTENSION}`, import.meta.url).href;

/** @throws {StartError} when the database cannot be opened, is corrupt or was written by a newer Daybook. */
export async function createSqliteQueue({ directory, busyTimeoutMs }: SqliteQueueOptions): Promise<Queue> {
  const path = join(directory, 'queue.db');
  const thread = await startThread<WriterReady>({
    name: 'queue writer',
    module: WRITER,
    data: { path, busyTimeoutMs } satisfies WriterData,
    toError: toQueueError,
  }).catch((thrown: unknown) => {
    throw new StartError(`queue: cannot open ${path}: ${toError(thrown).message}`, { cause: thrown });
  });
  const { durability, newestStamp } = thread.ready;
  const bell = createBell();
  let closing: Promise<void> | undefined;

  const sends = createGroupCommit<OutgoingMessage>({
    async commit(messages) {
      const columns = toColumns(messages);
      await thread.call('send', columns, [columns.bodies.buffer]);
      bell.ring();
    },
    weigh: ({ body }) => body.byteLength,
    maxItems: MAX_COMMIT_MESSAGES,
    maxWeight: MAX_COMMIT_BYTES,
  });
  const acknowledgements = createGroupCommit<readonly number[]>({
    commit: (groups) => thread.call('acknowledge', groups.flat()),
    weigh: (numbers) => numbers.length,
    maxItems: MAX_COMMIT_MESSAGES,
    maxWeight: MAX_COMMIT_MESSAGES,
  });

  async function release(numbers: readonly number[], delayMs: number): Promise<void> {
    await thread.call('release', { numbers, delayMs: Math.min(delayMs, MAX_DELAY_MS) });
    bell.ring();
  }

  async function close(): Promise<void> {
    bell.ring();
    await sends.idle();
    await acknowledgements.idle();
    await thread.close();
  }

  return {
    capabilities: {
      driver: 'sqlite',
      durability: durability.level,
      durabilityProof: durability.proof,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      retentionMs: undefined,
      visibilityMs: undefined,
      maxDelayMs: MAX_DELAY_MS,
      settled: true,
      local: true,
      depth: 'exact',
    },
    newestStampAtOpen: newestStamp,

    async send(message) {
      const { byteLength } = message.body;
      if (byteLength > MAX_MESSAGE_BYTES) {
        const text = `expected a message of at most ${MAX_MESSAGE_BYTES} bytes, given ${byteLength}`;
        throw new QueueError('too-large', 'not-written', text);
      }
      await sends.add(message);
    },

    async receive({ maxMessages, maxBytes, waitMs, signal }) {
      const untilMs = systemTime.monotonicMs() + waitMs;
      const isCancelled = (): boolean => signal?.aborted === true;
      while (!isCancelled()) {
        const since = bell.rings;
        const { messages, nextDueInMs = Infinity } = await thread.call<Received>('receive', {
          maxMessages,
          maxBytes,
        });
        if (messages.length > 0 && !isCancelled()) return messages.map(toDelivery);
        if (messages.length > 0)
          await release(
            messages.map(({ number }) => number),
            0,
          );
        const leftMs = untilMs - systemTime.monotonicMs();
        if (leftMs <= 0) break;
        await bell.wait(since, Math.min(leftMs, nextDueInMs), signal);
        if (closing !== undefined) break;
      }
      return [];
    },

    async acknowledge(deliveries) {
      if (deliveries.length > 0) await acknowledgements.add(deliveries.map(toNumber));
    },
    release: (deliveries, delayMs) => release(deliveries.map(toNumber), delayMs),
    // A delivery is this process's for as long as it lives.
    extend: async () => {},
    status: () => thread.call<QueueStatus>('status'),
    oldestStamp: () => thread.call<number | undefined>('oldestStamp'),
    probe: () => thread.call('probe'),
    close: () => (closing ??= close()),
  };
}

function toQueueError({ reason, outcome, message }: Failure, cause?: unknown): QueueError {
  return new QueueError(reason === 'disk-full' ? reason : 'unavailable', outcome, `queue: ${message}`, cause);
}

function toDelivery({ number, body, sentAt }: StoredMessage): Delivery {
  return { body, sentAt, handle: number };
}

function toNumber({ handle }: Delivery): number {
  if (typeof handle !== 'number') throw new TypeError('queue: expected a delivery of this queue');
  return handle;
}

/**
 * `GET /api/queue`: what waits between intake and store, for how long, and whether it moves.
 */
import type { QueueView } from '../../contract/messages.ts';
import { formatStamp } from '../../id.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { HttpContext } from '../context.ts';

const MICROS_PER_SECOND = 1e6;

/** @throws {QueueError} when the queue does not tell. */
export async function queueAnswer({ queue, persister, nowMicros }: HttpContext): Promise<Answer> {
  const body: QueueView = {
    queue: queue === undefined ? null : await view(queue, nowMicros()),
    persister: persister === undefined ? null : viewPersister(persister),
  };
  return jsonAnswer(body, 200, { 'cache-control': 'no-store' });
}

async function view(queue: NonNullable<HttpContext['queue']>, now: number): Promise<QueueView['queue']> {
  const { driver, durability, depth } = queue.capabilities;
  const { messages, delivered, entries, bytes, oldestSentAt } = await queue.status();
  const ageMicros = oldestSentAt === undefined ? null : Math.max(0, now - oldestSentAt);
  return {
    driver,
    durability,
    depth,
    messages,
    delivered,
    entries: entries ?? null,
    bytes: bytes ?? null,
    oldestSentAt: oldestSentAt === undefined ? null : formatStamp(oldestSentAt),
    oldestAgeSeconds: ageMicros === null ? null : ageMicros / MICROS_PER_SECOND,
  };
}

function viewPersister({ status, perSecond }: NonNullable<HttpContext['persister']>): QueueView['persister'] {
  const { since, reason, ...rest } = status();
  return { ...rest, since: formatStamp(since), reason: reason ?? null, perSecond: perSecond() };
}

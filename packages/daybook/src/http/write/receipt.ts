/**
 * The answers to a write: the receipt of what is on record.
 */
import type { Receipt } from '../../contract/messages.ts';
import { DaybookError } from '../../errors.ts';
import { idToMicros, idToStamp } from '../../id.ts';
import type { Accepted } from '../../intake/intake.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Store } from '../../store/store.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, pageAnswer, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { receiptPage } from '../pages/receipt.ts';
import type { WritePlan } from './head.ts';

export interface OnRecord {
  readonly id: string;
  /** Null: the entry has a key, and whether that is held already will be known when it is stored. */
  readonly duplicate: boolean | null;
  readonly status: 'stored' | 'queued';
}

/** @returns what is on record. @throws {DaybookError} KEY_REUSED; without an id, because the caller is anonymous. */
export function onRecord(accepted: Accepted): OnRecord {
  if (accepted.kind === 'stored') return { id: accepted.entry.id, duplicate: false, status: 'stored' };
  if (accepted.kind === 'queued') {
    const { id, idempotencyKey } = accepted.entry;
    return { id, duplicate: idempotencyKey === undefined ? false : null, status: 'queued' };
  }
  if (accepted.kind === 'duplicate') return { id: accepted.firstId, duplicate: true, status: 'stored' };
  throw new DaybookError(
    'KEY_REUSED',
    'Idempotency-Key: expected the payload that the key was first used with, given another content type or other bytes',
    { outcome: 'not-written' },
  );
}

export function receiptAnswer(context: HttpContext, plan: WritePlan, accepted: Accepted): Answer {
  const { id, duplicate, status } = onRecord(accepted);
  const { config } = context;
  const { name, showEpochMs } = plan.register;
  const { durability } = keeperOf(context, status).capabilities;
  const code = status === 'stored' ? 201 : 202;
  const receivedAt = idToStamp(id);
  // In the order of their names (see `node/wire.ts`). Copying objects costs more than all of this; what is rare is added.
  const headers: Record<string, string> = { 'content-type': JSON_TYPE, 'daybook-durability': durability };
  if (duplicate === true) headers['idempotency-replayed'] = 'true';
  headers['location'] = `${config.basePath}/${name}/${id}`;
  if (plan.waitSeconds > 0) headers['preference-applied'] = `wait=${plan.waitSeconds}`;
  if (plan.rateHeaders !== undefined) Object.assign(headers, plan.rateHeaders);
  if (plan.format === 'text') {
    headers['content-type'] = TEXT_TYPE;
    return { status: code, headers, body: `${receivedAt}\n` };
  }
  // Every value here is ASCII that JSON does not escape (`isAscii` says so), and this line is on the hottest path.
  const body = `{"id":"${id}","register":"${name}","receivedAt":"${receivedAt}",${showEpochMs ? `"epochMs":${epochMs(id)},` : ''}"status":"${status}","durability":"${durability}","region":"${config.region}","duplicate":${duplicate}}\n`;
  if (plan.format === 'html') {
    const { basePath } = config;
    const receipt = JSON.parse(body) as Receipt;
    const { 'content-type': _, ...others } = headers;
    return pageAnswer(
      receiptPage({ basePath, version: context.version, register: plan.register, receipt }),
      code,
      others,
    );
  }
  return { status: code, headers, body, isAscii: true };
}

/** What an acknowledged entry of this status has been made durable in. */
export function keeperOf({ store, queue }: HttpContext, status: OnRecord['status']): Store | Queue {
  return status === 'queued' && queue !== undefined ? queue : store;
}

export function epochMs(id: string): number {
  return Math.floor(idToMicros(id) / 1000);
}

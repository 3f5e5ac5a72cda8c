/**
 * The answers to a write: the receipt of what is on record.
 */
import { DaybookError } from '../../errors.ts';
import { idToMicros, idToStamp } from '../../id.ts';
import type { Accepted } from '../../intake/intake.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import type { WritePlan } from './head.ts';

/** @returns the id on record. @throws {DaybookError} KEY_REUSED; without an id, because the caller is anonymous. */
export function recordedId(accepted: Accepted): { id: string; duplicate: boolean } {
  if (accepted.kind === 'stored') return { id: accepted.entry.id, duplicate: false };
  if (accepted.kind === 'duplicate') return { id: accepted.firstId, duplicate: true };
  throw new DaybookError(
    'KEY_REUSED',
    'Idempotency-Key: expected the payload that the key was first used with, given another content type or other bytes',
    { outcome: 'not-written' },
  );
}

export function receiptAnswer(context: HttpContext, plan: WritePlan, accepted: Accepted): Answer {
  const { id, duplicate } = recordedId(accepted);
  const { config, store } = context;
  const { name, showEpochMs } = plan.register;
  const { durability } = store.capabilities;
  const receivedAt = idToStamp(id);
  const text = plan.format === 'text';
  return {
    status: 201,
    headers: {
      'content-type': text ? TEXT_TYPE : JSON_TYPE,
      location: `${config.basePath}/${name}/${id}`,
      'daybook-durability': durability,
      ...(duplicate && { 'idempotency-replayed': 'true' }),
      ...plan.rateHeaders,
    },
    // Every value here is made of characters that JSON does not escape, and this line is on the hottest path.
    body: text
      ? `${receivedAt}\n`
      : `{"id":"${id}","register":"${name}","receivedAt":"${receivedAt}",${showEpochMs ? `"epochMs":${epochMs(id)},` : ''}"status":"stored","durability":"${durability}","region":"${config.region}","duplicate":${duplicate}}\n`,
  };
}

export function epochMs(id: string): number {
  return Math.floor(idToMicros(id) / 1000);
}

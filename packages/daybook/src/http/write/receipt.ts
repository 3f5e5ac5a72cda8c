/**
 * The answers to a write: the receipt of what is on record.
 */
import type { Receipt } from '../../contract/messages.ts';
import { DaybookError } from '../../errors.ts';
import { idToMicros, idToStamp } from '../../id.ts';
import type { Accepted } from '../../intake/intake.ts';
import type { Answer } from '../answer.ts';
import { JSON_TYPE, pageAnswer, TEXT_TYPE } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { receiptPage } from '../pages/receipt.ts';
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
  const headers: Record<string, string> = {
    'content-type': JSON_TYPE,
    location: `${config.basePath}/${name}/${id}`,
    'daybook-durability': durability,
  };
  // Copying objects costs more than all of this; what is rare is added.
  if (duplicate) headers['idempotency-replayed'] = 'true';
  if (plan.rateHeaders !== undefined) Object.assign(headers, plan.rateHeaders);
  if (plan.format === 'text') {
    headers['content-type'] = TEXT_TYPE;
    return { status: 201, headers, body: `${receivedAt}\n` };
  }
  // Every value here is made of characters that JSON does not escape, and this line is on the hottest path.
  const body = `{"id":"${id}","register":"${name}","receivedAt":"${receivedAt}",${showEpochMs ? `"epochMs":${epochMs(id)},` : ''}"status":"stored","durability":"${durability}","region":"${config.region}","duplicate":${duplicate}}\n`;
  if (plan.format === 'html') {
    const { basePath } = config;
    const receipt = JSON.parse(body) as Receipt;
    const { 'content-type': _, ...others } = headers;
    return pageAnswer(
      receiptPage({ basePath, version: context.version, register: plan.register, receipt }),
      201,
      others,
    );
  }
  return { status: 201, headers, body };
}

export function epochMs(id: string): number {
  return Math.floor(idToMicros(id) / 1000);
}

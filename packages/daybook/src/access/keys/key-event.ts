/**
 * The entries of the register `keys`: what happened to an API key, as JSON. A key is what all of its events say together,
 * in whatever order they are read.
 */
import * as z from 'zod';

import type { Entry } from '../../entry.ts';
import { formatStamp } from '../../id.ts';
import type { InternalRecord } from '../internal-records.ts';
import { KEY_ID } from './key-text.ts';

/** Written as RFC 3339, read as Unix microseconds. */
const time = z.iso.datetime().transform((text) => Date.parse(text) * 1000);
const keyId = z.string().regex(KEY_ID);

const createdSchema = z.object({
  event: z.literal('created'),
  keyId,
  name: z.string(),
  hash: z
    .base64url()
    .transform((text): Buffer => Buffer.from(text, 'base64url'))
    .refine(({ byteLength }) => byteLength === 32),
  scopes: z.array(z.string()),
  expiresAt: time,
  createdBy: z.string(),
});
const revokedSchema = z.object({ event: z.literal('revoked'), keyId, revokedBy: z.string() });
/** Several keys at once: a server tells once in a while which ones were used. */
const usedSchema = z.object({
  event: z.literal('used'),
  uses: z.array(z.object({ keyId, usedAt: time })),
});

const eventSchema = z.discriminatedUnion('event', [createdSchema, revokedSchema, usedSchema]);

export type KeyEvent = z.output<typeof eventSchema>;

/** Who writes what no caller asked for. */
const DAYBOOK = 'daybook';

export function toRecord(event: KeyEvent, requestId: string): InternalRecord {
  return { register: 'keys', subject: DAYBOOK, requestId, body: toBody(event) };
}

/** @returns undefined for an event that this version does not know, and for what was not written as an event. */
export function readEvent({ subject, payload }: Pick<Entry, 'subject' | 'payload'>): KeyEvent | undefined {
  if (subject !== DAYBOOK || payload === undefined) return undefined;
  try {
    return eventSchema.safeParse(JSON.parse(Buffer.from(payload).toString())).data;
  } catch {
    return undefined; // No JSON: not written by us.
  }
}

function toBody(event: KeyEvent): InternalRecord['body'] {
  if (event.event === 'revoked') return event;
  if (event.event === 'used') {
    const uses = event.uses.map((use) => ({ keyId: use.keyId, usedAt: formatStamp(use.usedAt) }));
    return { event: event.event, uses };
  }
  const { hash, expiresAt, ...rest } = event;
  return { ...rest, hash: hash.toString('base64url'), expiresAt: formatStamp(expiresAt) };
}

/**
 * The entries of the register `drain`: that a region is to be left by its traffic, and that this is over. Which region an
 * entry is about is where it was written. An end names what it ends, so that neither the order in which entries are read
 * nor the clocks of those who wrote them matter.
 */
import * as z from 'zod';

import type { Entry } from '../../entry.ts';
import type { InternalRecord } from '../internal-records.ts';

const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('drained'), by: z.string(), reason: z.string().optional() }),
  z.object({ event: z.literal('undrained'), by: z.string(), ends: z.array(z.string()) }),
]);

export type DrainEvent = z.output<typeof eventSchema>;

/** Who writes what callers ask for in other words. */
const DAYBOOK = 'daybook';

export function toRecord(event: DrainEvent, requestId: string): InternalRecord {
  return { register: 'drain', subject: DAYBOOK, requestId, body: event };
}

/** @returns undefined for an event that this version does not know, and for what was not written as an event. */
export function readEvent({ subject, payload }: Pick<Entry, 'subject' | 'payload'>): DrainEvent | undefined {
  if (subject !== DAYBOOK || payload === undefined) return undefined;
  try {
    return eventSchema.safeParse(JSON.parse(Buffer.from(payload).toString())).data;
  } catch {
    return undefined; // No JSON: not written by us.
  }
}

/**
 * The recorded session: a fixed sequence of requests whose answers are the same before every pair of queue and store.
 * Where a later answer depends on what has been stored, it waits for that first.
 */
import type { DaybookConfig } from '../../src/config/schema.ts';
import type { Exchange } from './recorder.ts';
import { readBooks, readCounts, readEntries, readExports, readPages, readTails } from './session-reads.ts';
import { beRefused, lookOnly } from './session-refusals.ts';
import { writeBatches, writeBodies, writeElsewhere, writeKeyed } from './session-writes.ts';
import { createTalk } from './talk.ts';

export const SESSION_CONFIG = {
  registers: {
    lines: { access: 'open' },
    followed: { access: 'open' },
    kept: {
      access: 'open',
      maxEntryBytes: 1_024,
      keepHeaders: ['x-event'],
      keepQuery: ['from'],
      occurredAtFrom: 'at',
    },
  },
  // However slow the machine is: a keyed write that gave the store up would be queued.
  limits: { keyedStoreMs: 30_000, answerWithinMs: 60_000 },
} as const satisfies DaybookConfig;

/** @param settles whether it is known how far all is settled. */
export async function runSession(
  { address, adminKey }: { readonly address: string; readonly adminKey: string },
  settles: boolean,
): Promise<readonly Exchange[]> {
  const talk = createTalk(address, settles);
  const ids = await writeBodies(talk);
  await talk.settled('app', ids.at(-1) ?? '');
  await readCounts(talk, ids);
  await readEntries(talk, ids);
  await writeElsewhere(talk);
  await writeKeyed(talk);
  await writeBatches(talk);
  await readPages(talk);
  await readExports(talk, ids);
  await readTails(talk);
  await beRefused(talk);
  await lookOnly(talk, ids);
  await readBooks(talk, adminKey);
  return talk.exchanges;
}

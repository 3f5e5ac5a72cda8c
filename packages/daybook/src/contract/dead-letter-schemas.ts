/**
 * The shapes of dead letters as they cross HTTP. That of a whole letter is also that of its object in the object storage.
 */
import * as z from 'zod';

const stamp = z.string().describe('RFC 3339, UTC, always six digits: 2026-11-21T07:55:43.368790Z');
const id = z
  .string()
  .describe('the id of the entry; raw- and a SHA-256 for a message of the queue that does not decode');
const reason = z.object({
  code: z
    .string()
    .describe('rejected, unexpected, idempotency-conflict, envelope-broken; there may be others one day'),
  message: z.string().describe('for people'),
});
const batch = z
  .object({ source: z.string(), n: z.int() })
  .describe('the name of the batch that it came with, where it is known');
const register = z.string().describe('absent for a message that does not decode');
const failure = {
  reason,
  attempts: z.int(),
  firstFailedAt: stamp,
  lastFailedAt: stamp,
  batch: batch.optional(),
};

export const deadLetterSummarySchema = z
  .object({
    id,
    register: register.optional(),
    receivedAt: stamp.optional(),
    reason: reason.optional(),
    attempts: z.int().optional(),
    firstFailedAt: stamp.optional(),
    lastFailedAt: stamp.optional(),
    batch: batch.optional(),
    damaged: z
      .string()
      .optional()
      .describe('what is wrong with a letter that is not what was written; then only its id is known'),
  })
  .describe('A dead letter without what was given up on');

export const deadLetterPageSchema = z
  .object({
    deadLetters: z.array(deadLetterSummarySchema),
    nextCursor: z
      .string()
      .nullable()
      .describe('pass as cursor to go on, also when the page is short or empty; null at the end'),
  })
  .describe('Dead letters, oldest stamp first; messages that do not decode come last');

export const deadLetterSchema = z
  .object({
    version: z.int(),
    id,
    register: register.optional(),
    receivedAt: stamp.optional(),
    ...failure,
    payloadText: z.string().optional().describe('the payload for people, where it is text and small'),
    entry: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('the whole entry; payload and fingerprint as base64'),
    sha256: z.string().optional().describe('of entry as JSON without spaces'),
    bytes: z.string().optional().describe('base64: the message, in place of entry, where it does not decode'),
  })
  .describe('A dead letter, whole');

export const deadLetterOutcomeSchema = z
  .object({
    id,
    outcome: z
      .enum(['stored', 'duplicate', 'discarded', 'possible'])
      .describe(
        'stored, duplicate: it is on record, now or since earlier; discarded: it is given up for good; possible: a dry run found nothing in the way',
      ),
    dryRun: z.boolean().describe('true: nothing was changed'),
  })
  .describe('What became of a dead letter');

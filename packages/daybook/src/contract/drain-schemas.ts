/**
 * How a region is drained over HTTP, and what is answered.
 */
import * as z from 'zod';

const MAX_REASON_CHARACTERS = 200;

export const drainRequestSchema = z
  .object({
    drained: z.boolean().describe('true: readiness fails from now on; false: no more'),
    reason: z
      .string()
      .max(MAX_REASON_CHARACTERS)
      .optional()
      .describe('told to whoever asks for the readiness, so nothing private'),
  })
  .describe('Whether the region is drained');

export const drainSchema = z
  .object({
    region: z.string().describe('of the server that was asked; others are not affected'),
    drained: z.boolean(),
    since: z.string().nullable().describe('RFC 3339, UTC; null while it is not drained'),
    by: z.string().nullable().describe('the subject of the credential'),
    reason: z.string().nullable(),
  })
  .describe('Whether a region is drained, since when, by whom and why');

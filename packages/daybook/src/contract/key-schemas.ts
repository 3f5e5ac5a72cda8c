/**
 * The shapes of API keys as they cross HTTP. A hash never does, and a secret once, in the answer to the request that made it.
 */
import * as z from 'zod';

const stamp = z.string().describe('RFC 3339, UTC, always six digits: 2026-11-21T07:55:43.368790Z');
const scopes = z
  .array(z.string())
  .describe('<register>.read and <register>.write of the registers there are, admin, metrics');

export const keyRequestSchema = z
  .object({
    name: z
      .string()
      .describe(
        '1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first; keys of one name are one owner of entries',
      ),
    scopes,
    expiresAt: z
      .string()
      .optional()
      .describe('RFC 3339 or a date; within five years; default a year from now'),
  })
  .describe('A key to be made');

export const keySchema = z
  .object({
    keyId: z.string().describe('16 hexadecimal digits; the second part of the key itself'),
    name: z.string(),
    subject: z.string().describe('who owns what is written with it: key: and the name'),
    scopes,
    status: z.enum(['active', 'expired', 'revoked']),
    createdAt: stamp,
    createdBy: z.string().describe('the subject of the credential that it was made with'),
    expiresAt: stamp,
    revokedAt: stamp.nullable(),
    revokedBy: z.string().nullable(),
    lastUsedAt: stamp
      .nullable()
      .describe('uses on other servers are known within 10 minutes, and then once an hour'),
  })
  .describe('An API key without its secret');

export const createdKeySchema = keySchema
  .extend({
    key: z
      .string()
      .describe('the whole key, to be presented as Authorization: Bearer; it is not shown again'),
  })
  .describe('An API key with its secret');

export const keyPageSchema = z
  .object({
    keys: z.array(keySchema),
    nextCursor: z.string().nullable().describe('pass as cursor to go on; null at the end'),
  })
  .describe('API keys, the newest first; what was revoked or expired more than 30 days ago is left out');

/**
 * The shapes that cross HTTP, as zod schemas: the OpenAPI document is made from them and the client's types are inferred
 * from them. Imports nothing from `node:`, so that browsers may use it. Unknown members are allowed everywhere: clients
 * ignore what they do not know.
 */
import * as z from 'zod';

const stamp = z.string().describe('RFC 3339, UTC, always six digits: 2026-11-21T07:55:43.368790Z');
const id = z.string().describe('UUIDv7 (RFC 9562); the stamp is derived from it');
const register = z.string().describe('[a-z][a-z0-9-]{0,62}');
const durability = z.enum(['memory', 'page-cache', 'fsync', 'replicated', 'replicated-fsync']);

export const receiptSchema = z
  .object({
    id,
    register,
    receivedAt: stamp,
    epochMs: z.int().optional().describe('receivedAt in whole milliseconds; on registers that show it'),
    status: z.enum(['stored', 'queued']),
    durability: durability.describe('what the entry has survived when this answer was sent'),
    region: z.string(),
    duplicate: z.boolean().nullable().describe('true: the key was seen before and this is the first entry'),
  })
  .describe('The answer to a write');

export const batchLineSchema = z
  .object({
    line: z.int().describe('1-based line of the request body; empty lines count and have no result'),
    status: z.int().describe('the HTTP status that the line would have had alone'),
    id: id.optional(),
    receivedAt: stamp.optional(),
    duplicate: z.boolean().nullable().optional().describe('only of keyed batches'),
    code: z.string().optional().describe('an error code, when the status is 400 or more'),
    detail: z.string().optional(),
    retryable: z.boolean().optional(),
    outcome: z.enum(['not-written', 'unknown']).optional(),
  })
  .describe('One line of the answer to a batch');

export const entrySchema = z
  .object({
    id,
    register,
    receivedAt: stamp,
    epochMs: z.int().optional(),
    occurredAt: z.string().optional().describe('the time that the client claims'),
    subject: z.string().describe('who wrote it; empty when anonymous'),
    requestId: z.string(),
    clientIp: z.string().optional(),
    protocol: z.enum(['http', 'https']),
    region: z.string(),
    headers: z.record(z.string(), z.string()).optional(),
    query: z.record(z.string(), z.string()).optional(),
    idempotencyKey: z.string().optional(),
    contentType: z.string().optional(),
    payload: z
      .unknown()
      .optional()
      .describe('JSON as it came; text as a string; else base64; absent when empty'),
    payloadEncoding: z.literal('base64').optional(),
    status: z.enum(['stored', 'duplicate']),
    duplicateOf: id
      .optional()
      .describe('the entry that holds the same idempotency key: everything else is its own'),
  })
  .describe('One registered moment');

export const pendingSchema = z
  .object({
    id,
    register,
    receivedAt: stamp,
    status: z
      .enum(['pending', 'dead'])
      .describe('pending: it may still be made durable, ask again; dead: given up on until it is replayed'),
  })
  .describe('The answer for an id that is not stored, or not yet');

export const pageSchema = z
  .object({
    entries: z.array(entrySchema),
    nextCursor: z.string().nullable().describe('pass as cursor to go on; null at the end'),
    settledThrough: stamp
      .nullable()
      .describe('every acknowledged entry up to here has reached its final place'),
  })
  .describe('A page of entries');

export const tailPageSchema = z
  .object({
    entries: z.array(entrySchema),
    cursors: z
      .array(z.string())
      .describe('for each entry, in the same order, the cursor to go on right behind it'),
    nextCursor: z.string().describe('pass as cursor to wait for what comes next'),
    settledThrough: stamp.nullable(),
  })
  .describe('The answer to a long poll; no entries when the wait ended');

export const statsSchema = z
  .object({
    register,
    bucket: z.enum(['second', 'minute', 'hour', 'day']),
    from: stamp,
    to: stamp,
    total: z.int(),
    buckets: z.array(z.object({ start: stamp, count: z.int() })),
  })
  .describe('Entries counted by stamp, empty buckets included');

export const problemSchema = z
  .object({
    type: z.string().describe('urn:daybook:error:<code in kebab-case>'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('stable for ever; see docs/errors.md'),
    detail: z.string().describe('what was expected and what was given'),
    retryable: z.boolean(),
    requestId: z.string(),
    outcome: z.enum(['not-written', 'unknown']).optional().describe('on writes'),
    id: id.optional(),
    cursor: z.string().optional().describe('a fresh cursor, on CURSOR_EXPIRED'),
    errors: z
      .array(
        z.object({
          pointer: z
            .string()
            .describe('a JSON Pointer (RFC 6901) into the payload; empty for the whole of it'),
          expected: z.string(),
        }),
      )
      .optional()
      .describe('the fields that do not match, ten at most, on PAYLOAD_INVALID'),
  })
  .describe('A problem document (RFC 9457)');

const componentSchema = z.object({
  state: z.string(),
  since: stamp,
  detail: z.string().optional(),
});

export const statusSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'drained', 'unavailable']),
    version: z.string(),
    region: z.string(),
    time: stamp,
    databaseTime: stamp.nullable(),
    components: z.record(z.string(), componentSchema).optional().describe('only for an admin'),
  })
  .describe('The state of the service');

export const registersSchema = z.object({
  registers: z.array(
    z.object({
      name: register,
      access: z
        .object({ write: z.string(), read: z.string() })
        .describe('open, internal (Daybook alone), or the kinds of credential: key, jwt'),
      ownership: z.boolean().describe('everybody sees the entries of their own subject alone'),
      retentionDays: z.int().nullable().describe('null: entries stay for ever'),
      schema: z.record(z.string(), z.unknown()).nullable().describe('the JSON Schema of payloads'),
      allowFrom: z.array(z.string()).nullable().describe('the only networks that are let in'),
      cors: z
        .object({ origins: z.union([z.literal('*'), z.array(z.string())]), maxAgeSeconds: z.int() })
        .nullable(),
      paths: z.array(z.string()).describe('METHOD /path'),
      maxEntryBytes: z.int(),
      keepHeaders: z.array(z.string()),
      keepQuery: z.array(z.string()),
      idempotencyKeyFrom: z.string().nullable(),
      occurredAtFrom: z.string().nullable(),
      clientIp: z.enum(['full', 'truncated', 'off']),
      rateLimit: z.object({ refillPerSecond: z.number(), capacity: z.number() }).nullable(),
      minDurability: durability.nullable(),
      showEpochMs: z.boolean(),
    }),
  ),
});

const persisterCounts = z.object({
  stored: z.number(),
  isolated: z.number().describe('failed alone while the store was well'),
  dead: z.number(),
  retried: z.number(),
  broken: z.number().describe('messages that did not carry what was sent'),
});

export const queueSchema = z
  .object({
    queue: z
      .object({
        driver: z.string(),
        durability,
        depth: z.enum(['exact', 'approximate']).describe('whether the figures are counted or estimated'),
        messages: z.int().describe('batches that are not acknowledged yet'),
        delivered: z.int().describe('of these, with a persister now'),
        entries: z.int().nullable(),
        bytes: z.int().nullable(),
        oldestSentAt: stamp.nullable(),
        oldestAgeSeconds: z.number().nullable(),
      })
      .nullable()
      .describe('null when entries go to the store directly'),
    persister: z
      .object({
        state: z.enum(['running', 'waiting', 'systemic', 'stopped']),
        breaker: z.enum(['closed', 'open', 'half-open']),
        since: stamp,
        reason: z.string().nullable().describe('why it does not run'),
        counters: persisterCounts.describe('since the start'),
        perSecond: persisterCounts.describe('over the last ten seconds'),
        inFlight: z.object({ messages: z.int(), entries: z.int(), bytes: z.int() }),
      })
      .nullable()
      .describe('null when this process has not the role'),
  })
  .describe('What waits between intake and store');

const ledgerCounts = {
  accepted: z.int(),
  stored: z.int(),
  duplicate: z.int(),
  dead: z.int(),
  discarded: z.int(),
  expired: z.int(),
  retrying: z.int(),
};

export const ledgerSchema = z
  .object({
    balanced: z
      .boolean()
      .describe('accepted = stored + duplicate + dead + discarded + expired + retrying, and nothing is lost'),
    from: stamp,
    to: stamp,
    totals: z.object(ledgerCounts),
    queued: z
      .int()
      .describe('acknowledged, and not in the store yet, as far as the queue and the store can tell'),
    lost: z.array(
      z.object({ source: z.string(), firstN: z.int(), lastN: z.int(), entries: z.int(), since: stamp }),
    ),
    rows: z.array(z.object({ minute: stamp, region: z.string(), register, ...ledgerCounts })),
    truncated: z.boolean().describe('true when there are more rows than were given; narrow from and to'),
  })
  .describe('What became of every accepted entry, by the minute of its stamp');

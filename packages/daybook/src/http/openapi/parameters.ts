/** Query parameters, request header fields and path parts, each described once. */
import type { Parameter, Reference } from './specification.ts';
import { EXAMPLE_ID, EXAMPLE_KEY_ID, EXAMPLE_STAMP } from './examples.ts';

const query = (
  name: string,
  description: string,
  schema: Parameter['schema'],
  example?: unknown,
): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
  ...(example !== undefined && { example }),
});

const header = (
  name: string,
  description: string,
  schema: Parameter['schema'],
  example?: unknown,
): Parameter => ({
  ...query(name, description, schema, example),
  in: 'header',
});

const text = { type: 'string' };

export const PARAMETERS = {
  Id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The id of the entry',
    schema: { type: 'string', format: 'uuid' },
    example: EXAMPLE_ID,
  },
  RequestId: header(
    'X-Request-Id',
    'Kept with the entry and echoed; one is made when it is absent or has another form',
    { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
  ),
  IdempotencyKey: header(
    'Idempotency-Key',
    'Names this write: a repeat with the same payload has the first answer, with another payload it is 422. Visible ASCII, at least 16 characters from an anonymous caller; callers that are known have names of their own each. Line k of a batch has the key <key>/k.',
    { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
    'order-48213-created',
  ),
  Prefer: header(
    'Prefer',
    'wait=N, at most 30 seconds: hold a queued write, or the results of a batch, until all is stored. Without a queue every answer already says stored.',
    text,
    'wait=10',
  ),
  ContentEncoding: header('Content-Encoding', 'How the body is compressed; limits hold after decompression', {
    type: 'string',
    enum: ['gzip', 'zstd', 'identity'],
  }),
  LastEventId: header(
    'Last-Event-ID',
    'What a browser sends when it reconnects to a tail; wins over cursor',
    text,
  ),
  From: query(
    'from',
    'Stamps from here on: RFC 3339, or a date alone for its midnight UTC. For a tail: start, or now (default).',
    text,
    EXAMPLE_STAMP,
  ),
  To: query('to', 'Stamps before here: RFC 3339 or a date', text),
  Order: query('order', 'By stamp', { type: 'string', enum: ['desc', 'asc'], default: 'desc' }),
  Limit: query(
    'limit',
    'Entries of a page. Streams (NDJSON, CSV, text) have none unless it is given, and no maximum.',
    {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 100,
    },
  ),
  Cursor: query(
    'cursor',
    'Where to go on: nextCursor of a page, the cursor of a tail, or the id of an entry',
    text,
  ),
  After: query('after', 'Resume a stream behind the entry with this id', text),
  Format: query('format', 'Wins over Accept', {
    type: 'string',
    enum: ['json', 'ndjson', 'csv', 'text', 'html', 'sse'],
  }),
  EntryFormat: query('format', 'Wins over Accept', { type: 'string', enum: ['json', 'html', 'text'] }),
  Live: query('live', 'Follow the register in stored order instead of listing it', {
    type: 'string',
    enum: ['no', 'sse', 'long-poll'],
    default: 'no',
  }),
  Wait: query('wait', 'Seconds that a long poll waits for an entry', {
    type: 'integer',
    minimum: 0,
    maximum: 30,
    default: 20,
  }),
  Bucket: query('bucket', 'The length of a bucket', {
    type: 'string',
    enum: ['second', 'minute', 'hour', 'day'],
    default: 'minute',
  }),
  BucketsFrom: query('from', 'Rounded down to a bucket; 60 buckets before to by default', text),
  BucketsTo: query('to', 'Rounded up to a bucket; now by default. At most 1440 buckets.', text),
  DeadLetterId: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The id of the dead letter: that of its entry, or raw- and a hash',
    schema: text,
    example: EXAMPLE_ID,
  },
  DeadLetterRegister: query('register', 'Only those of this register', text),
  DeadLettersFrom: query('from', 'Stamps from here on: RFC 3339 or a date', text, EXAMPLE_STAMP),
  DeadLetterReason: query('reason', 'Only those with this code as reason', text, 'rejected'),
  DeadLetterCursor: query('cursor', 'Where to go on: nextCursor of a page, or the id of a dead letter', text),
  DeadLettersLimit: query('limit', 'Dead letters of a page', {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
  }),
  KeyId: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'The keyId',
    schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    example: EXAMPLE_KEY_ID,
  },
  KeyCursor: query('cursor', 'Where to go on: nextCursor of a page', text),
  KeysLimit: query('limit', 'Keys of a page', { type: 'integer', minimum: 1, maximum: 1000, default: 100 }),
  DryRun: query('dryRun', 'true: look, and change nothing', {
    type: 'string',
    enum: ['true', 'false'],
    default: 'false',
  }),
  LedgerFrom: query('from', 'Minutes from here on; a day before to by default', text),
  LedgerTo: query('to', 'Minutes before here; now by default', text),
  LedgerLimit: query('limit', 'Rows', { type: 'integer', minimum: 1, maximum: 100_000, default: 10_000 }),
} as const satisfies Record<string, Parameter>;

type ParameterName = keyof typeof PARAMETERS;

export function parameterReferences(...names: readonly ParameterName[]): Reference[] {
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

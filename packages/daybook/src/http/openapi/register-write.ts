/** `POST /{register}`: one entry, or a batch as NDJSON. */
import type { ErrorCode } from '../../errors.ts';
import type { Register } from '../../register.ts';
import { headerReferences, payloadReference, schemaReference } from './components.ts';
import { examplePayload } from './example-payload.ts';
import { curl, EXAMPLE_ID, EXAMPLE_STAMP, exampleReceipt } from './examples.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { problemSet } from './problems.ts';
import { accessProblems, credentialField, securityOf, withOwnership } from './register-access.ts';
import type { Answer, CodeSample, Operation, Parameter, RequestBody } from './specification.ts';

const BATCH_IN_WORDS = 'one JSON entry a line. At most 10 000 lines and 16 MiB by default.';

/** @see docs/errors.md */
const WRITE_CODES: readonly ErrorCode[] = [
  'BODY_NOT_JSON',
  'BODY_NOT_DECODABLE',
  'BODY_INCOMPLETE',
  'HEADER_INVALID',
  'CROSS_SITE',
  'NOT_ACCEPTABLE',
  'BODY_TOO_SLOW',
  'KEY_IN_FLIGHT',
  'ENTRY_TOO_LARGE',
  'BATCH_TOO_LARGE',
  'ANSWER_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'ENCODING_UNSUPPORTED',
  'ENTRY_REJECTED',
  'KEY_REUSED',
  'RATE_LIMITED',
  'OVERLOADED',
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'QUEUE_UNAVAILABLE',
  'DRAINING',
];

export function writeProblems(register: Register): ProblemSet {
  return problemSet('Write', WRITE_CODES, {
    ...accessProblems(register, 'write'),
    ...(register.schema && { Schema: ['PAYLOAD_INVALID'] }),
  });
}

export function writeOperation(register: Register, operationId: string, url: string): Operation {
  const { name } = register;
  const security = securityOf(register, 'write');
  return {
    operationId,
    tags: [name],
    ...(security && { security }),
    summary: `Put an entry, or a batch of them, on record in ${name}`,
    description: withOwnership(
      register,
      `The answer comes after the entry is durable. ${limitsInWords(register)}`,
    ),
    parameters: [
      ...parameterReferences('IdempotencyKey', 'RequestId', 'ContentEncoding', 'Prefer'),
      ...keptParameters(register),
    ],
    requestBody: register.schema === undefined ? anyBody(register) : jsonBody(register),
    responses: {
      200: batchAnswer(),
      201: createdAnswer(register),
      202: queuedAnswer(register),
      ...writeProblems(register).responses,
    },
    'x-codeSamples': samples(register, url),
  };
}

function samples(register: Register, url: string): CodeSample[] {
  const who = credentialField(register, 'write');
  const payload = examplePayload(register);
  const body = payload === undefined ? '@payload.json' : JSON.stringify(payload);
  return [
    ...(register.schema === undefined ? [curl('The moment alone', `${who}-X POST ${url}`)] : []),
    curl('With a payload', `${who}-d '${body}' ${url}`),
    curl('Safe to repeat', `${who}-H 'Idempotency-Key: order-48213-created' -d '${body}' ${url}`),
    curl(
      'A batch from a file',
      `${who}-H 'Content-Type: application/x-ndjson' --data-binary @entries.ndjson ${url}`,
    ),
  ];
}

function limitsInWords(register: Register): string {
  const { maxEntryBytes, rateLimit, idempotencyKeyFrom, occurredAtFrom } = register;
  return [
    `An entry has at most ${maxEntryBytes} bytes.`,
    rateLimit &&
      `One client may send ${rateLimit.refillPerSecond} requests a second, ${rateLimit.capacity} at once.`,
    idempotencyKeyFrom && `Without an Idempotency-Key the field ${idempotencyKeyFrom} is the key.`,
    occurredAtFrom && `The field ${occurredAtFrom} of a JSON payload becomes occurredAt.`,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

/** What the register keeps besides the payload. */
function keptParameters({ keepHeaders, keepQuery, idempotencyKeyFrom }: Register): Parameter[] {
  const fields = new Set([...keepHeaders, ...(idempotencyKeyFrom === undefined ? [] : [idempotencyKeyFrom])]);
  return [
    ...[...fields].map((name): Parameter => ({
      name,
      in: 'header',
      description: [
        keepHeaders.includes(name) && 'Kept with the entry',
        name === idempotencyKeyFrom && 'The idempotency key when there is no Idempotency-Key',
      ]
        .filter((part) => part !== false)
        .join('. '),
      schema: { type: 'string' },
    })),
    ...keepQuery.map((name): Parameter => ({
      name,
      in: 'query',
      description: 'Kept with the entry',
      schema: { type: 'string', maxLength: 1024 },
    })),
  ];
}

/** Only JSON can match a schema. */
function jsonBody(register: Register): RequestBody {
  const schema = payloadReference(register);
  const example = examplePayload(register);
  return {
    description:
      'The payload: JSON that matches the schema of the register; kept byte for byte. Form data (what curl -d sends) or no type: likewise, an object or an array.',
    required: true,
    content: {
      'application/json': { schema, ...(example !== undefined && { example }) },
      'application/x-www-form-urlencoded': { schema: { type: 'string', description: 'The JSON' } },
      'application/x-ndjson': {
        schema: { type: 'string', description: `A batch: ${BATCH_IN_WORDS}`, 'x-line': schema },
        ...(example !== undefined && { example: `${JSON.stringify(example)}\n` }),
      },
    },
  };
}

function anyBody(register: Register): RequestBody {
  const batch = '{"event":"deploy","service":"checkout"}\n{"event":"deploy","service":"cart"}\n';
  return {
    description:
      'The payload; kept byte for byte. Without a body the entry is the moment alone. Form data (what curl -d sends) or no type: JSON if it parses as an object or array, else text.',
    required: false,
    content: {
      'application/json': {
        schema: { description: 'Any JSON; +json types likewise' },
        example: examplePayload(register),
      },
      'application/x-www-form-urlencoded': { schema: { type: 'string', description: 'JSON or text' } },
      'text/plain': {
        schema: { type: 'string', description: 'Text in UTF-8; text/* and XML likewise' },
        example: 'door 4 opened',
      },
      'application/x-ndjson': {
        schema: {
          type: 'string',
          description: `A batch: ${BATCH_IN_WORDS}`,
        },
        example: batch,
      },
      '*/*': {
        schema: {
          description: 'Bytes',
          maxLength: register.maxEntryBytes,
          contentMediaType: 'application/octet-stream',
        },
      },
    },
  };
}

function createdAnswer(register: Register): Answer {
  return {
    description: 'It is on record',
    headers: headerReferences(
      'Location',
      'Daybook-Durability',
      'Idempotency-Replayed',
      'Preference-Applied',
      'RateLimit',
      'RateLimit-Policy',
    ),
    content: {
      'application/json': { schema: schemaReference('Receipt'), example: exampleReceipt(register) },
      'text/plain': {
        schema: { type: 'string', description: 'The bare stamp and a newline' },
        example: `${EXAMPLE_STAMP}\n`,
      },
    },
  };
}

function queuedAnswer(register: Register): Answer {
  const { content, headers } = createdAnswer(register);
  const example = { ...exampleReceipt(register), status: 'queued' };
  return {
    description:
      'With a queue: it is durable in the queue and readable when the store has it. `duplicate` is null while nobody knows whether its key is held already.',
    headers: { ...headers },
    content: { ...content, 'application/json': { schema: schemaReference('Receipt'), example } },
  };
}

function batchAnswer(): Answer {
  const lines = [
    { line: 1, status: 201, id: EXAMPLE_ID, receivedAt: EXAMPLE_STAMP },
    {
      line: 2,
      status: 400,
      code: 'BODY_NOT_JSON',
      detail: 'what was expected; what was given',
      retryable: false,
      outcome: 'not-written',
    },
  ];
  return {
    description:
      'A batch: one result for every line that is not empty, in order: 201 when it is stored, 202 when it is queued. Lines share no transaction.',
    headers: headerReferences('Daybook-Durability', 'Preference-Applied', 'RateLimit', 'RateLimit-Policy'),
    content: {
      'application/x-ndjson': {
        schema: { type: 'string', description: 'One result a line', 'x-line': schemaReference('BatchLine') },
        example: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      },
    },
  };
}

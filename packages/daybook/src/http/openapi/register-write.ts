/** `POST /{register}`: one entry, or a batch as NDJSON. */
import type { Register } from '../../register.ts';
import { headerReferences, schemaReference } from './components.ts';
import { curl, EXAMPLE_ID, EXAMPLE_PAYLOAD, EXAMPLE_STAMP, exampleReceipt } from './examples.ts';
import { parameterReferences } from './parameters.ts';
import { problemSet } from './problems.ts';
import type { Answer, Operation, Parameter, RequestBody } from './specification.ts';

/** @see docs/errors.md */
export const writeProblems = problemSet('Write', [
  'BODY_NOT_JSON',
  'BODY_NOT_DECODABLE',
  'BODY_INCOMPLETE',
  'HEADER_INVALID',
  'NOT_ACCEPTABLE',
  'BODY_TOO_SLOW',
  'KEY_IN_FLIGHT',
  'ENTRY_TOO_LARGE',
  'BATCH_TOO_LARGE',
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
]);

export function writeOperation(register: Register, operationId: string, url: string): Operation {
  const { name } = register;
  return {
    operationId,
    tags: [name],
    summary: `Put an entry, or a batch of them, on record in ${name}`,
    description: `The answer comes after the entry is durable. ${limitsInWords(register)}`,
    parameters: [
      ...parameterReferences('IdempotencyKey', 'RequestId', 'ContentEncoding', 'Prefer'),
      ...keptParameters(register),
    ],
    requestBody: requestBody(register),
    responses: {
      200: batchAnswer(),
      201: createdAnswer(register),
      202: queuedAnswer(register),
      ...writeProblems.responses,
    },
    'x-codeSamples': [
      curl('The moment alone', `-X POST ${url}`),
      curl('With a payload', `-d '${JSON.stringify(EXAMPLE_PAYLOAD)}' ${url}`),
      curl('Safe to repeat', `-H 'Idempotency-Key: order-48213-created' -d '{"order":48213}' ${url}`),
      curl(
        'A batch from a file',
        `-H 'Content-Type: application/x-ndjson' --data-binary @entries.ndjson ${url}`,
      ),
    ],
  };
}

function limitsInWords({ maxEntryBytes, rateLimit, idempotencyKeyFrom, occurredAtFrom }: Register): string {
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

function requestBody({ maxEntryBytes }: Register): RequestBody {
  const batch = '{"event":"deploy","service":"checkout"}\n{"event":"deploy","service":"cart"}\n';
  return {
    description:
      'The payload; kept byte for byte. Without a body the entry is the moment alone. Form data (what curl -d sends) or no type: JSON if it parses as an object or array, else text.',
    required: false,
    content: {
      'application/json': {
        schema: { description: 'Any JSON; +json types likewise' },
        example: EXAMPLE_PAYLOAD,
      },
      'application/x-www-form-urlencoded': { schema: { type: 'string', description: 'JSON or text' } },
      'text/plain': {
        schema: { type: 'string', description: 'Text in UTF-8; text/* and XML likewise' },
        example: 'door 4 opened',
      },
      'application/x-ndjson': {
        schema: {
          type: 'string',
          description: 'A batch: one JSON entry a line. At most 10 000 lines and 16 MiB by default.',
        },
        example: batch,
      },
      '*/*': {
        schema: {
          description: 'Bytes',
          maxLength: maxEntryBytes,
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

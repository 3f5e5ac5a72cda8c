/** One entry, its bytes, and the counts of a register. */
import type { ErrorCode } from '../../errors.ts';
import type { Register } from '../../register.ts';
import { headerReferences, schemaReference } from './components.ts';
import { curl, EXAMPLE_ID, exampleEntry, textLine } from './examples.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { problemSet } from './problems.ts';
import { accessProblems, credentialField, securityOf, withOwnership } from './register-access.ts';
import type { Answer, Operation } from './specification.ts';

const ENTRY_CODES: readonly ErrorCode[] = [
  'PARAMETER_INVALID',
  'ENTRY_UNKNOWN',
  'ENTRY_DISCARDED',
  'NOT_ACCEPTABLE',
  'ANSWER_TOO_LARGE',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
];
const STATS_CODES: readonly ErrorCode[] = ['PARAMETER_INVALID', 'RATE_LIMITED', 'STORE_UNAVAILABLE'];

export function entryProblems(register: Register): ProblemSet {
  return problemSet('Entry', ENTRY_CODES, {
    ...accessProblems(register, 'read'),
    ...(register.retentionDays !== undefined && { Retention: ['ENTRY_EXPIRED'] }),
  });
}

export function statsProblems(register: Register): ProblemSet {
  return problemSet('Stats', STATS_CODES, accessProblems(register, 'read'));
}

const PENDING: Answer = {
  description:
    'Not stored, or not yet. `pending`: the id is younger than what is settled, so the entry may still be made durable: ask again. `dead`: the entry was given up on and waits for somebody to replay or discard it',
  headers: headerReferences('RateLimit', 'RateLimit-Policy', 'Retry-After'),
  content: { 'application/json': { schema: schemaReference('Pending') } },
};

const RATE_HEADERS = headerReferences('RateLimit', 'RateLimit-Policy');

export function entryOperation(register: Register, operationId: string, url: string): Operation {
  const entry = exampleEntry(register);
  return {
    operationId,
    tags: [register.name],
    ...guard(register),
    summary: `Read one entry of ${register.name}`,
    description: withOwnership(register, 'An entry never changes, so the answer may be cached for ever.'),
    parameters: parameterReferences('Id', 'EntryFormat', 'RequestId'),
    responses: {
      200: {
        description: 'The entry',
        headers: RATE_HEADERS,
        content: {
          'application/json': { schema: schemaReference('Entry'), example: entry },
          'text/html': { schema: { type: 'string', description: 'A page for people' } },
          'text/plain': {
            schema: { type: 'string', description: 'Stamp, id and payload with tabs between them' },
            example: textLine(entry),
          },
        },
      },
      202: PENDING,
      ...entryProblems(register).responses,
    },
    'x-codeSamples': [curl('One entry', `${credentialField(register, 'read')}${url}/${EXAMPLE_ID}`)],
  };
}

export function payloadOperation(register: Register, operationId: string, url: string): Operation {
  const bytes: Answer = {
    description: 'The exact bytes with the type they came with, as an attachment',
    headers: RATE_HEADERS,
    content: { '*/*': { schema: { description: 'Bytes', contentMediaType: 'application/octet-stream' } } },
  };
  return {
    operationId,
    tags: [register.name],
    ...guard(register),
    summary: `Download the payload of one entry of ${register.name}`,
    parameters: parameterReferences('Id', 'RequestId'),
    responses: {
      200: bytes,
      202: PENDING,
      204: { description: 'The entry has no payload', headers: RATE_HEADERS },
      ...entryProblems(register).responses,
    },
    'x-codeSamples': [
      curl(
        'The bytes, as they came',
        `${credentialField(register, 'read')}-o payload ${url}/${EXAMPLE_ID}/payload`,
      ),
    ],
  };
}

export function statsOperation(register: Register, operationId: string, url: string): Operation {
  const { name } = register;
  return {
    operationId,
    tags: [name],
    ...guard(register),
    summary: `Count the entries of ${name}`,
    description: withOwnership(register, 'By stamp, in buckets of one length, empty ones included.'),
    parameters: parameterReferences('Bucket', 'BucketsFrom', 'BucketsTo', 'RequestId'),
    responses: {
      200: {
        description: 'Counts',
        headers: RATE_HEADERS,
        content: {
          'application/json': {
            schema: schemaReference('Stats'),
            example: {
              register: name,
              bucket: 'hour',
              from: '2026-11-21T06:00:00.000000Z',
              to: '2026-11-21T08:00:00.000000Z',
              total: 41,
              buckets: [
                { start: '2026-11-21T06:00:00.000000Z', count: 0 },
                { start: '2026-11-21T07:00:00.000000Z', count: 41 },
              ],
            },
          },
        },
      },
      ...statsProblems(register).responses,
    },
    'x-codeSamples': [
      curl('The last 60 hours', `${credentialField(register, 'read')}'${url}/stats?bucket=hour'`),
    ],
  };
}

function guard(register: Register): Pick<Operation, 'security'> {
  const security = securityOf(register, 'read');
  return security === undefined ? {} : { security };
}

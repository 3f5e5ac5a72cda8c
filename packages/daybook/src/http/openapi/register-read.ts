/** `GET /{register}`: a page, a stream, or the tail. */
import type { ErrorCode } from '../../errors.ts';
import type { Register } from '../../register.ts';
import { headerReferences, schemaReference } from './components.ts';
import { curl, EXAMPLE_CURSOR, EXAMPLE_STAMP, exampleEntry, textLine } from './examples.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { problemSet } from './problems.ts';
import { accessProblems, credentialField, securityOf, withOwnership } from './register-access.ts';
import type { MediaType, Operation } from './specification.ts';

const LIST_CODES: readonly ErrorCode[] = [
  'PARAMETER_INVALID',
  'CURSOR_INVALID',
  'NOT_ACCEPTABLE',
  'LIVE_UNAVAILABLE',
  'ANSWER_TOO_LARGE',
  'CURSOR_EXPIRED',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
];

export function listProblems(register: Register): ProblemSet {
  return problemSet('List', LIST_CODES, accessProblems(register, 'read'));
}

export function listOperation(register: Register, operationId: string, url: string): Operation {
  const { name } = register;
  const security = securityOf(register, 'read');
  const who = credentialField(register, 'read');
  return {
    operationId,
    tags: [name],
    ...(security && { security }),
    summary: `Read the entries of ${name}, or follow them`,
    description: withOwnership(
      register,
      'Newest first unless asked otherwise. JSON and HTML come in pages; NDJSON, CSV and text stream everything in the range. live=sse (or Accept: text/event-stream) sends each entry after the cursor once, as an unnamed event whose id is the cursor to resume with; live=long-poll answers as soon as there is one. A tail takes only live, from, cursor and format, a long poll also wait; a list takes all but wait. HEAD is the same without body.',
    ),
    parameters: parameterReferences(
      'From',
      'To',
      'Order',
      'Limit',
      'Cursor',
      'After',
      'Format',
      'Live',
      'Wait',
      'LastEventId',
      'RequestId',
    ),
    responses: {
      200: {
        description: 'Entries',
        headers: headerReferences('Link', 'RateLimit', 'RateLimit-Policy'),
        content: listContent(register),
      },
      ...listProblems(register).responses,
    },
    'x-codeSamples': [
      curl('The newest', `${who}${url}`),
      curl(
        'A range, oldest first',
        `${who}'${url}?from=2026-11-21T07:00:00Z&to=2026-11-21T08:00:00Z&order=asc'`,
      ),
      curl('Everything as NDJSON', `${who}'${url}?format=ndjson&order=asc'`),
      curl('For a spreadsheet', `${who}'${url}?format=csv'`),
      curl('Follow, as it happens', `${who}-N '${url}?live=sse'`),
      curl('Long poll', `${who}'${url}?live=long-poll&wait=20'`),
    ],
  };
}

function listContent(register: Register): Record<string, MediaType> {
  const entry = exampleEntry(register);
  const line = JSON.stringify(entry);
  return {
    'application/json': {
      schema: {
        anyOf: [schemaReference('EntryPage'), schemaReference('TailPage')],
        description: 'A long poll answers with a TailPage',
      },
      example: { entries: [entry], nextCursor: EXAMPLE_CURSOR, settledThrough: EXAMPLE_STAMP },
    },
    'application/x-ndjson': {
      schema: { type: 'string', description: 'One entry a line', 'x-line': schemaReference('Entry') },
      example: `${line}\n`,
    },
    'text/csv': {
      schema: {
        type: 'string',
        description:
          'RFC 4180 with a header; cells that a spreadsheet would run as a formula begin with an apostrophe',
      },
    },
    'text/plain': {
      schema: {
        type: 'string',
        description: 'Stamp, id and payload with tabs between them, one entry a line',
      },
      example: textLine(entry),
    },
    'text/html': { schema: { type: 'string', description: 'A page for people' } },
    'text/event-stream': {
      schema: {
        type: 'string',
        description: 'Server-sent events; the data of each is an entry',
        'x-line': schemaReference('Entry'),
      },
      example: `retry: 2000\n\nid: ${EXAMPLE_CURSOR}\ndata: ${line}\n\n`,
    },
  };
}

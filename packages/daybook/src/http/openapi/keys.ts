/** How API keys are made, listed and revoked. */
import { curl } from './examples.ts';
import { KEY_FIELD, OPERATOR_TAG } from './operator.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { problemSet } from './problems.ts';
import type { Answer, Operation, Parameter, PathItem, Reference } from './specification.ts';

const EXAMPLE_KEY_ID = '5c2e91d07f3b6a18';

export const keysProblems = problemSet('Keys', [
  'PARAMETER_INVALID',
  'CURSOR_INVALID',
  'UNAUTHENTICATED',
  'STORE_UNAVAILABLE',
]);

export const createKeyProblems = problemSet('CreateKey', [
  'BODY_NOT_JSON',
  'PARAMETER_INVALID',
  'UNAUTHENTICATED',
  'ENTRY_TOO_LARGE',
  'OVERLOADED',
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'DRAINING',
]);

export const revokeKeyProblems = problemSet('RevokeKey', [
  'UNAUTHENTICATED',
  'NOT_FOUND',
  'OVERLOADED',
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'DRAINING',
]);

const CURSOR: Parameter = {
  name: 'cursor',
  in: 'query',
  description: 'The nextCursor of a page',
  schema: { type: 'string' },
};
const LIMIT: Parameter = {
  name: 'limit',
  in: 'query',
  description: 'Keys a page',
  schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
};
const KEY_ID: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The keyId',
  schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  example: EXAMPLE_KEY_ID,
};

/** @param origin with the base path. */
export function keyPaths(origin: string): Record<string, PathItem & { readonly delete?: Operation }> {
  const path = '/api/keys';
  const url = `${origin}${path}`;
  const request = { name: 'ci', scopes: ['app.write'], expiresAt: '2027-11-21' };
  return {
    [path]: {
      get: operation(keysProblems, {
        operationId: 'keys',
        summary: 'The API keys, without their secrets',
        description:
          'The newest first. What was revoked or expired more than 30 days ago is left out; the register audit has it.',
        parameters: [CURSOR, LIMIT, ...parameterReferences('RequestId')],
        responses: { 200: answer('As asked', 'KeyPage') },
        'x-codeSamples': [curl('The keys', `${KEY_FIELD} ${url}`)],
      }),
      post: operation(createKeyProblems, {
        operationId: 'createKey',
        summary: 'Make an API key',
        description:
          'The answer holds the whole key, which is not shown again: here is only its hash. After an outcome that is unknown there may be a key that nobody has; make another, and revoke that one.',
        parameters: parameterReferences('RequestId'),
        requestBody: {
          description: 'What it is called, what it is for, and until when',
          required: true,
          content: { 'application/json': { schema: reference('KeyRequest'), example: request } },
        },
        responses: { 201: answer('It is on record', 'CreatedKey') },
        'x-codeSamples': [
          curl('A key for writing', `${KEY_FIELD} ${url} -d '{"name":"ci","scopes":["app.write"]}'`),
        ],
      }),
    },
    [`${path}/{id}`]: {
      delete: operation(revokeKeyProblems, {
        operationId: 'revokeKey',
        summary: 'Revoke an API key',
        description:
          'For good. This server refuses it from now on, others of the fleet within seconds. Repeating is harmless.',
        parameters: [KEY_ID, ...parameterReferences('RequestId')],
        responses: { 200: answer('It is revoked, now or since earlier', 'Key') },
        'x-codeSamples': [curl('Revoke', `-X DELETE ${KEY_FIELD} ${url}/${EXAMPLE_KEY_ID}`)],
      }),
    },
  };
}

type SchemaName = 'Key' | 'CreatedKey' | 'KeyPage' | 'KeyRequest';

function reference(name: SchemaName): Reference {
  return { $ref: `#/components/schemas/${name}` };
}

function answer(description: string, name: SchemaName): Answer {
  return { description, content: { 'application/json': { schema: reference(name) } } };
}

function operation(problems: ProblemSet, described: Omit<Operation, 'tags' | 'security'>): Operation {
  return {
    ...described,
    tags: [OPERATOR_TAG],
    security: [{ adminKey: [] }],
    responses: { ...described.responses, ...problems.responses },
  };
}

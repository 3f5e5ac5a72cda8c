/** How API keys are made, listed and revoked. */
import type { SchemaName } from './components.ts';
import { schemaReference } from './components.ts';
import { curl, EXAMPLE_KEY_ID } from './examples.ts';
import { KEY_FIELD, OPERATOR_SECURITY, OPERATOR_TAG } from './operator.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { CREDENTIAL_CODES, problemSet } from './problems.ts';
import type { Answer, Operation, PathItem } from './specification.ts';

export const keysProblems = problemSet('Keys', [
  'PARAMETER_INVALID',
  'CURSOR_INVALID',
  ...CREDENTIAL_CODES,
  'STORE_UNAVAILABLE',
]);

export const createKeyProblems = problemSet('CreateKey', [
  'BODY_NOT_JSON',
  'PARAMETER_INVALID',
  ...CREDENTIAL_CODES,
  'CROSS_SITE',
  'ENTRY_TOO_LARGE',
  'OVERLOADED',
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'DRAINING',
]);

export const revokeKeyProblems = problemSet('RevokeKey', [
  ...CREDENTIAL_CODES,
  'CROSS_SITE',
  'NOT_FOUND',
  'OVERLOADED',
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'DRAINING',
]);

/** @param origin with the base path. */
export function keyPaths(origin: string): Record<string, PathItem> {
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
        parameters: parameterReferences('KeyCursor', 'KeysLimit', 'RequestId'),
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
          content: { 'application/json': { schema: schemaReference('KeyRequest'), example: request } },
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
        parameters: parameterReferences('KeyId', 'RequestId'),
        responses: { 200: answer('It is revoked, now or since earlier', 'Key') },
        'x-codeSamples': [curl('Revoke', `-X DELETE ${KEY_FIELD} ${url}/${EXAMPLE_KEY_ID}`)],
      }),
    },
  };
}

function answer(description: string, name: SchemaName): Answer {
  return { description, content: { 'application/json': { schema: schemaReference(name) } } };
}

function operation(problems: ProblemSet, described: Omit<Operation, 'tags' | 'security'>): Operation {
  return {
    ...described,
    tags: [OPERATOR_TAG],
    security: OPERATOR_SECURITY,
    responses: { ...described.responses, ...problems.responses },
  };
}

/** What the operator may ask about dead letters, and do with them. */
import { schemaReference } from './components.ts';
import { curl, EXAMPLE_ID } from './examples.ts';
import { KEY_FIELD, OPERATOR_SECURITY, OPERATOR_TAG } from './operator.ts';
import { parameterReferences } from './parameters.ts';
import type { ProblemSet } from './problems.ts';
import { CREDENTIAL_CODES, problemSet } from './problems.ts';
import type { Operation, PathItem } from './specification.ts';

export const deadLettersProblems = problemSet('DeadLetters', [
  'PARAMETER_INVALID',
  'CURSOR_INVALID',
  ...CREDENTIAL_CODES,
  'NOT_FOUND',
  'OBJECTS_UNAVAILABLE',
]);

export const deadLetterProblems = problemSet('DeadLetter', [
  ...CREDENTIAL_CODES,
  'NOT_FOUND',
  'DEAD_LETTER_UNKNOWN',
  'DEAD_LETTER_DAMAGED',
  'OBJECTS_UNAVAILABLE',
]);

export const deadLetterActionProblems = problemSet('DeadLetterAction', [
  'PARAMETER_INVALID',
  ...CREDENTIAL_CODES,
  'CROSS_SITE',
  'NOT_FOUND',
  'DEAD_LETTER_UNKNOWN',
  'DEAD_LETTER_KEPT',
  'DEAD_LETTER_DAMAGED',
  'DISK_FULL',
  'OBJECTS_UNAVAILABLE',
  'STORE_UNAVAILABLE',
]);

/** @param origin with the base path. */
export function deadLetterPaths(origin: string): Record<string, PathItem> {
  const path = '/api/dead-letters';
  const one = `${origin}${path}/${EXAMPLE_ID}`;
  return {
    [path]: {
      get: operation('DeadLetterPage', deadLettersProblems, {
        operationId: 'deadLetters',
        summary: 'What was given up on',
        description:
          'Oldest stamp first; messages that do not decode come last and have neither register nor stamp, so that they are in no register and no range. Register and reason are looked up in each letter: a page may be short, or empty, and tell where to go on.',
        parameters: parameterReferences(
          'DeadLetterRegister',
          'DeadLettersFrom',
          'To',
          'DeadLetterReason',
          'DeadLetterCursor',
          'DeadLettersLimit',
          'RequestId',
        ),
        'x-codeSamples': [curl('Those of one register', `${KEY_FIELD} '${origin}${path}?register=app'`)],
      }),
    },
    [`${path}/{id}`]: {
      get: operation('DeadLetter', deadLetterProblems, {
        operationId: 'deadLetter',
        summary: 'One dead letter, whole',
        parameters: parameterReferences('DeadLetterId', 'RequestId'),
        'x-codeSamples': [curl('Show', `${KEY_FIELD} ${one}`)],
      }),
    },
    [`${path}/{id}/replay`]: {
      post: operation('DeadLetterOutcome', deadLetterActionProblems, {
        operationId: 'replayDeadLetter',
        summary: 'Store it after all',
        description:
          'With its own id and stamp. The letter is removed after the store has confirmed; repeating is harmless. What cannot be stored is kept and answered with 409.',
        parameters: parameterReferences('DeadLetterId', 'DryRun', 'RequestId'),
        'x-codeSamples': [
          curl('Try', `-X POST ${KEY_FIELD} '${one}/replay?dryRun=true'`),
          curl('Store', `-X POST ${KEY_FIELD} ${one}/replay`),
        ],
      }),
    },
    [`${path}/{id}/discard`]: {
      post: operation('DeadLetterOutcome', deadLetterActionProblems, {
        operationId: 'discardDeadLetter',
        summary: 'Give it up for good',
        description:
          'Its payload is gone then, and its id answers 410. An entry that is on record meanwhile stays there; only its letter goes.',
        parameters: parameterReferences('DeadLetterId', 'DryRun', 'RequestId'),
        'x-codeSamples': [curl('Discard', `-X POST ${KEY_FIELD} ${one}/discard`)],
      }),
    },
  };
}

type Described = Omit<Operation, 'tags' | 'security' | 'responses'>;

function operation(
  schema: 'DeadLetterPage' | 'DeadLetter' | 'DeadLetterOutcome',
  problems: ProblemSet,
  described: Described,
): Operation {
  return {
    ...described,
    tags: [OPERATOR_TAG],
    security: OPERATOR_SECURITY,
    responses: {
      200: { description: 'As asked', content: { 'application/json': { schema: schemaReference(schema) } } },
      ...problems.responses,
    },
  };
}

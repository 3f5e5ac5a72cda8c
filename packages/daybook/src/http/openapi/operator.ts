/** What only the operator may ask: needs the role `admin`. */
import { schemaReference } from './components.ts';
import { curl } from './examples.ts';
import { parameterReferences } from './parameters.ts';
import { CREDENTIAL_CODES, problemSet } from './problems.ts';
import type { Operation, PathItem } from './specification.ts';

export const OPERATOR_TAG = 'operator';
export const OPERATOR_SECURITY = [{ bearer: ['admin'] }];

export const operatorProblems = problemSet('Operator', [
  'PARAMETER_INVALID',
  ...CREDENTIAL_CODES,
  'STORE_UNAVAILABLE',
  'QUEUE_UNAVAILABLE',
  'OBJECTS_UNAVAILABLE',
]);

export const KEY_FIELD = '-H "Authorization: Bearer $(cat data/admin.key)"';

/** @param origin with the base path. */
export function operatorPaths(origin: string): Record<string, PathItem> {
  return {
    '/api/registers': {
      get: operation({
        operationId: 'registers',
        summary: 'The registers and their settings',
        schema: 'Registers',
        sample: curl('The registers', `${KEY_FIELD} ${origin}/api/registers`),
      }),
    },
    '/api/ledger': {
      get: operation({
        operationId: 'ledger',
        summary: 'What became of every accepted entry',
        description:
          'By the minute of the stamp, region and register: accepted = stored + duplicate + dead + discarded + expired + retrying. A batch that never arrived is named under lost.',
        schema: 'Ledger',
        parameters: parameterReferences('LedgerFrom', 'LedgerTo', 'LedgerLimit', 'RequestId'),
        sample: curl('The last day', `${KEY_FIELD} ${origin}/api/ledger`),
      }),
    },
    '/api/queue': {
      get: operation({
        operationId: 'queue',
        summary: 'What waits between intake and store, for how long, and whether it moves',
        schema: 'Queue',
        sample: curl('The queue', `${KEY_FIELD} ${origin}/api/queue`),
      }),
    },
  };
}

type OperatorRead = Pick<Operation, 'operationId' | 'summary' | 'description' | 'parameters'> & {
  readonly schema: 'Registers' | 'Ledger' | 'Queue';
  readonly sample: Operation['x-codeSamples'][number];
};

function operation({ schema, sample, ...rest }: OperatorRead): Operation {
  return {
    ...rest,
    tags: [OPERATOR_TAG],
    security: OPERATOR_SECURITY,
    responses: {
      200: { description: 'As asked', content: { 'application/json': { schema: schemaReference(schema) } } },
      ...operatorProblems.responses,
    },
    'x-codeSamples': [sample],
  };
}

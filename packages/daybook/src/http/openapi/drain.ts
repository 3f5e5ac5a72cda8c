/** How a region is drained. */
import { schemaReference } from './components.ts';
import { curl, EXAMPLE_STAMP } from './examples.ts';
import { KEY_FIELD, OPERATOR_SECURITY, OPERATOR_TAG } from './operator.ts';
import { parameterReferences } from './parameters.ts';
import { CREDENTIAL_CODES, problemSet } from './problems.ts';
import type { PathItem } from './specification.ts';

export const drainProblems = problemSet('Drain', [
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

/** @param origin with the base path. */
export function drainPaths(origin: string): Record<string, PathItem> {
  const request = { drained: true, reason: 'maintenance' };
  const example = {
    region: 'local',
    drained: true,
    since: EXAMPLE_STAMP,
    by: 'admin',
    reason: request.reason,
  };
  return {
    '/api/drain': {
      post: {
        operationId: 'drain',
        tags: [OPERATOR_TAG],
        security: OPERATOR_SECURITY,
        summary: 'Drain the region, or end that',
        description:
          'While it is drained, readiness fails on purpose on every server of the region, within seconds, so that traffic goes elsewhere; what still comes is taken and answered. Kept over restarts. Other regions are not affected. Repeating is harmless: a region that is drained stays as it is.',
        parameters: parameterReferences('RequestId'),
        requestBody: {
          description: 'Whether it is to be drained, and why',
          required: true,
          content: { 'application/json': { schema: schemaReference('DrainRequest'), example: request } },
        },
        responses: {
          200: {
            description: 'It is on record, and how it is now',
            content: { 'application/json': { schema: schemaReference('Drain'), example } },
          },
          ...drainProblems.responses,
        },
        'x-codeSamples': [
          curl('Drain', `${KEY_FIELD} ${origin}/api/drain -d '{"drained":true,"reason":"maintenance"}'`),
          curl('Undrain', `${KEY_FIELD} ${origin}/api/drain -d '{"drained":false}'`),
        ],
      },
    },
  };
}

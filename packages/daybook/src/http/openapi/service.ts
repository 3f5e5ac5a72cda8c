/** What anybody may ask the service itself. */
import { schemaReference } from './components.ts';
import { curl, EXAMPLE_STAMP } from './examples.ts';
import { CREDENTIAL_CODES, problemSet } from './problems.ts';
import type { MediaType, Operation, PathItem } from './specification.ts';

export const SERVICE_TAG = 'service';

export const serviceProblems = problemSet('Service', []);
export const welcomeProblems = problemSet('Welcome', ['NOT_ACCEPTABLE']);
export const readyProblems = problemSet('Ready', [
  'DISK_FULL',
  'STORE_UNAVAILABLE',
  'QUEUE_UNAVAILABLE',
  'REGION_DRAINED',
  'DRAINING',
]);
export const metricsProblems = problemSet('Metrics', CREDENTIAL_CODES);

const text = (description: string, example?: string): MediaType => ({
  schema: { type: 'string', description },
  ...(example !== undefined && { example }),
});

/** @param origin with the base path. */
export function servicePaths(origin: string): Record<string, PathItem> {
  return {
    '/': get(origin, '/', {
      operationId: 'welcome',
      summary: 'The welcome page, or a few lines of help',
      content: {
        'text/html': text('One button and a live list'),
        'text/plain': text('Commands to begin with'),
      },
      responses: welcomeProblems.responses,
    }),
    '/healthz': get(origin, '/healthz', {
      operationId: 'alive',
      summary: 'The process is alive',
      content: json(
        { type: 'object', properties: { status: { const: 'ok' } }, required: ['status'] },
        { status: 'ok' },
      ),
    }),
    '/readyz': ready(origin, '/readyz', 'ready'),
    '/health': ready(origin, '/health', 'ready_health'),
    '/api/status': get(origin, '/api/status', {
      operationId: 'status',
      summary: 'The state of the service',
      description: 'For an admin also every component: its state, since when, why.',
      security: [{}, { bearer: ['admin'] }],
      content: json(schemaReference('Status'), {
        status: 'ok',
        version: '0.1.0',
        region: 'local',
        time: EXAMPLE_STAMP,
        databaseTime: EXAMPLE_STAMP,
      }),
    }),
    '/metrics': get(origin, '/metrics', {
      operationId: 'metrics',
      summary: 'Metrics in the text format of Prometheus',
      description:
        'Open while only this machine can reach the server (bound to loopback, without trusted proxies and allowed hosts); else it needs a credential with the role metrics or admin.',
      security: [{}, { bearer: ['metrics'] }, { bearer: ['admin'] }],
      content: { 'text/plain': text('Prometheus exposition format') },
      responses: metricsProblems.responses,
    }),
    '/openapi.json': get(origin, '/openapi.json', {
      operationId: 'openapi',
      summary: 'This document',
      content: { 'application/json': { schema: { type: 'object', description: 'OpenAPI 3.1' } } },
    }),
    '/docs': get(origin, '/docs', {
      operationId: 'docs',
      summary: 'This document as a page',
      content: { 'text/html': text('Needs no script') },
    }),
  };
}

type ServiceRead = Pick<Operation, 'operationId' | 'summary' | 'description' | 'security'> & {
  readonly content: Record<string, MediaType>;
  readonly responses?: Operation['responses'];
};

function get(origin: string, path: string, { content, responses, ...operation }: ServiceRead): PathItem {
  return {
    get: {
      ...operation,
      tags: [SERVICE_TAG],
      responses: { 200: { description: 'As asked', content }, ...(responses ?? serviceProblems.responses) },
      'x-codeSamples': [curl(operation.summary, `${origin}${path}`)],
    },
  };
}

function ready(origin: string, path: string, operationId: string): PathItem {
  return get(origin, path, {
    operationId,
    summary: 'It can durably accept entries now',
    description:
      'Proven by a batch committed in the last five seconds, else by a row written for it. Two failures in a row turn it to 503, one success back; a region that is drained is 503 until that is ended.',
    content: json(
      {
        type: 'object',
        properties: {
          status: { const: 'ready' },
          durability: { type: 'string' },
          notes: {
            type: 'array',
            items: { type: 'string' },
            description: 'What stands in nobody’s way now and should be mended; absent when there is nothing',
          },
        },
        required: ['status', 'durability'],
      },
      { status: 'ready', durability: 'fsync' },
    ),
    responses: readyProblems.responses,
  });
}

function json(schema: MediaType['schema'], example: unknown): Record<string, MediaType> {
  return { 'application/json': { schema, example } };
}

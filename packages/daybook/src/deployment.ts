/**
 * What a deployment must know of the package: the handlers and the variables they read, the keys of the table, the
 * actions that each driver calls, what strangers may reach, the words of a refusal. Facts only; nothing of AWS's own.
 */
import { isArchived } from './archive/archived.ts';
import { parseConfig } from './config/load.ts';
import type { Config } from './config/load.ts';
import type { ErrorCode } from './errors.ts';
import { DaybookError } from './errors.ts';
import { toProblem } from './http/problem.ts';
import { ENVELOPE_BYTES } from './intake/queue-target.ts';
import type { Register } from './register.ts';
import { registerPaths } from './register.ts';

export { ENVIRONMENT } from './config/schema.ts';
export { PAGE_POLICY } from './http/answer.ts';
export { welcomePage, welcomeRegister } from './http/pages/welcome.ts';
export { FUNCTION_DIMENSION, METRIC_UNITS } from './lambda/metric-names.ts';
export type { MetricName } from './lambda/metric-names.ts';
export { makeRecordedKey } from './access/keys/key-record.ts';
export { createOperatorKey, renewEpochs, setDrained } from './operator.ts';
export type { OperatorDrainRequest, OperatorKey, OperatorKeyRequest, OperatorTable } from './operator.ts';
export { isArchived, parseConfig, ENVELOPE_BYTES, registerPaths };
export type { Config, ErrorCode, Register };

/** The variable that names the configuration file; every other one is a key of `ENVIRONMENT`. */
export const CONFIG_VARIABLE = 'DAYBOOK_CONFIG';
/** The variable that tells a client, such as the probe, where Daybook answers. */
export const URL_VARIABLE = 'DAYBOOK_URL';

/** `lambda/<name>.ts`, each of which exports `handler`. */
export const HANDLERS = [
  'api',
  'health',
  'persister',
  'dead-letters',
  'authorizer',
  'probe',
  'archive',
] as const;
export type HandlerName = (typeof HANDLERS)[number];

/** Both are text. */
export const TABLE_KEYS = { partition: 'pk', sort: 'sk' } as const;

/** What one entry of the DynamoDB store may have as its payload; see its capability `maxEntryBytes`. */
export const DYNAMODB_MAX_ENTRY_BYTES = 300 * 1024;

/** The same of the PostgreSQL store. */
export const POSTGRES_MAX_ENTRY_BYTES = 16 * 1024 * 1024;

/** Paths that answer on every front: alive, and able to accept durably now. */
export const HEALTH_PATHS = { alive: '/healthz', ready: '/readyz' } as const;

/** Actions by driver. A transaction needs the actions of its parts and none of its own. */
export const DYNAMODB_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
  'dynamodb:DescribeTable',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
] as const;
/** Of what only reads. */
export const DYNAMODB_READ_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:DescribeTable',
  'dynamodb:Query',
] as const;
export const SQS_ASK_ACTIONS = ['sqs:GetQueueAttributes'] as const;
export const SQS_SEND_ACTIONS = ['sqs:SendMessage'] as const;
export const SQS_RECEIVE_ACTIONS = [
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:ReceiveMessage',
] as const;
/** Of the secret that holds the password of a database. */
export const SECRET_ACTIONS = ['secretsmanager:GetSecretValue'] as const;
/** With a topic before the queue. */
export const SNS_ASK_ACTIONS = ['sns:ListSubscriptionsByTopic'] as const;
export const SNS_SEND_ACTIONS = ['sns:Publish'] as const;
/** Of the objects, and of the bucket that holds them. */
export const S3_OBJECT_ACTIONS = ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'] as const;
/** Of what is only ever created. */
export const S3_CREATE_ACTIONS = ['s3:PutObject'] as const;
export const S3_BUCKET_ACTIONS = ['s3:ListBucket'] as const;

/** What the role `web` answers: pages, and what they are made of; everything else is the API's. */
export const WEB_PATHS = ['/', '/docs', '/favicon.ico', '/assets/*'] as const;
/** Those of them that never change under their name while a version runs. */
export const ASSET_PATHS = '/assets/*';

/** The service's own paths that ask for no credential. */
const SERVICE_PATHS = [
  '/',
  '/api/status',
  '/docs',
  '/favicon.ico',
  '/health',
  HEALTH_PATHS.alive,
  '/openapi.json',
  HEALTH_PATHS.ready,
  '/robots.txt',
] as const;
/** Those below which everything is open. */
const SERVICE_FOLDERS = ['/assets'] as const;

export interface OpenPath {
  readonly method: 'GET' | 'POST';
  /** Without the base path. */
  readonly path: string;
  /** Whether everything below it is open as well. */
  readonly below: boolean;
}

/** What a caller without any credential may reach: a front with an authorizer must let these pass. */
export function openPaths(registers: readonly Register[]): OpenPath[] {
  const ofRegisters = [...registerPaths(registers)].flatMap(([key, { access }]): OpenPath[] => {
    const [method = '', path = ''] = key.split(' ');
    const isOpen = (method === 'POST' ? access.write : access.read) === 'open';
    return isOpen ? [{ method: method as OpenPath['method'], path, below: method === 'GET' }] : [];
  });
  return [
    ...SERVICE_PATHS.map((path): OpenPath => ({ method: 'GET', path, below: false })),
    ...SERVICE_FOLDERS.map((path): OpenPath => ({ method: 'GET', path, below: true })),
    ...ofRegisters,
  ];
}

/**
 * A refusal that a front gives in Daybook's place, as the members of its problem document.
 * @param requestId such as a variable of the front's own templates.
 */
export function problemOf(
  code: ErrorCode,
  { detail, requestId }: { readonly detail: string; readonly requestId: string },
): Readonly<Record<string, unknown>> {
  return { ...toProblem(new DaybookError(code, detail), requestId, 'read') };
}

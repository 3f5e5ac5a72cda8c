/**
 * The configuration of the drivers: where the store, the queue and the object storage are, and what holds for their
 * connections.
 */
import * as z from 'zod';

import { parseObjectsUrl, parseQueueUrl, parseStoreUrl, withoutPassword } from './driver-urls.ts';
import { group } from './group.ts';
import { leaf, show, wholeNumber } from './leaf.ts';
import { parsePasswordFrom } from './password-from.ts';

const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;

/** A URL may hold a password, so what was given is shown without one. */
function driverUrl(expected: string, parse: (text: string) => unknown) {
  return z
    .custom<string>((given) => typeof given === 'string' && parse(given) !== undefined, {
      error: (issue) => `expected ${expected}, given ${shown(issue.input)}`,
    })
    .describe(expected);
}

function shown(given: unknown): string {
  return show(typeof given === 'string' ? withoutPassword(given) : given);
}

export const storeSchema = group({
  url: driverUrl(
    'sqlite:, postgres://user:password@host:port/database or dynamodb://aws-region/table',
    parseStoreUrl,
  ).default('sqlite:'),
  /** PostgreSQL only: lists, tails and statistics are read here. */
  replicaUrl: driverUrl('postgres://user:password@host:port/database', (text) =>
    parseStoreUrl(text)?.driver === 'postgres' ? text : undefined,
  ).optional(),
  /** PostgreSQL only: of both URLs, which hold none then. */
  passwordFrom: leaf<string>(
    'file:/path or aws-secret:ARN',
    (value) => typeof value === 'string' && parsePasswordFrom(value) !== undefined,
  ).optional(),
  /** PostgreSQL only. */
  maxConnections: wholeNumber(2, 1_000).default(10),
  connectTimeoutMs: wholeNumber(100, MINUTE_MS).default(5_000),
  statementTimeoutMs: wholeNumber(100, 10 * MINUTE_MS).default(10_000),
});

export const queueSchema = group({
  url: driverUrl('none, sqlite: or sqs://aws-region/account/queue', parseQueueUrl).optional(),
  allowEphemeral: leaf<boolean>('true or false', (value) => typeof value === 'boolean').default(false),
});

export const objectsSchema = group({
  url: driverUrl('file:, file:/path or s3://bucket/prefix?region=aws-region', parseObjectsUrl).default(
    'file:',
  ),
});

export const persisterSchema = group({
  /** Batches that are stored at the same time. */
  concurrency: wholeNumber(1, 64).default(2),
  maxBatchEntries: wholeNumber(1, 100_000).default(5_000),
  maxBatchBytes: wholeNumber(1_024, 256 * MIB).default(8 * MIB),
});

/**
 * Every key of the configuration with its default and range; `docs/config.md` is tested against it. Sizes and times
 * carry their unit in the name.
 */
import * as z from 'zod';

import type { TrustedProxies } from '../access/client-address.ts';
import { isNetwork } from '../access/client-address.ts';
import { issuersSchema } from '../access/jwt/issuer-schema.ts';
import { REGISTER_NAME } from '../register.ts';
import { objectsSchema, persisterSchema, queueSchema, storeSchema } from './driver-schema.ts';
import { group } from './group.ts';
import { leaf, listOf, oneOf, show, textLike, wholeNumber } from './leaf.ts';
import { registerSchema } from './register-schema.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

const limitsSchema = group({
  /** Node's own default of 5 s answers 502s behind a balancer that keeps idle connections for 60 s. */
  keepAliveTimeoutMs: wholeNumber(1_000, HOUR_MS).default(75_000),
  headersTimeoutMs: wholeNumber(1_000, HOUR_MS).default(20_000),
  requestTimeoutMs: wholeNumber(1_000, HOUR_MS).default(30_000),
  batchTimeoutMs: wholeNumber(1_000, HOUR_MS).default(120_000),
  maxHeaderBytes: wholeNumber(4_096, MIB).default(16_384),
  maxConnections: wholeNumber(1, 1_000_000).default(10_000),
  /** A body slower than this for `slowBodyGraceMs` is answered 408. */
  minBodyBytesPerSecond: wholeNumber(0, MIB).default(1_024),
  slowBodyGraceMs: wholeNumber(1_000, HOUR_MS).default(10_000),
  /** Bodies being received and entries being made durable, together. */
  maxBytesInFlight: wholeNumber(MIB, 64 * 1024 * MIB).default(256 * MIB),
  maxCommitEntries: wholeNumber(1, 100_000).default(4_096),
  maxCommitBytes: wholeNumber(1_024, 256 * MIB).default(8 * MIB),
  maxBatchLines: wholeNumber(1, 1_000_000).default(10_000),
  maxBatchBytes: wholeNumber(1_024, 1024 * MIB).default(16 * MIB),
  /** A write hears `outcome: unknown` rather than wait longer for the store. */
  answerWithinMs: wholeNumber(100, 600_000).default(10_000),
  /** With a queue: how long a keyed write waits for the store before it goes to the queue. */
  keyedStoreMs: wholeNumber(0, 30_000).default(2_000),
  shutdownGraceMs: wholeNumber(0, HOUR_MS).default(25_000),
});

const ROLES = ['api', 'web', 'persister'] as const;
export type Role = (typeof ROLES)[number];

function isRoles(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((role) => (ROLES as readonly unknown[]).includes(role))
  );
}

/** Without a credential, which pages could show, and without anything after its path. */
function isHttpUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

export const configSchema = group({
  host: textLike('an address or host name', /^[A-Za-z0-9.:_-]{1,255}$/).default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(3000),
  basePath: textLike('nothing or a path such as /dev', /^(?:\/[A-Za-z0-9._~-]+)*$/).default(''),
  /** Host names that are answered besides loopback ones while bound to loopback. */
  allowedHosts: listOf('a list of host names', (name) => /^[a-z0-9.-]{1,253}$/.test(name)).default([]),
  dataDir: textLike('a path', /^[^\0]+$/).default('./data'),
  store: storeSchema.prefault({}),
  queue: queueSchema.prefault({}),
  objects: objectsSchema.prefault({}),
  persister: persisterSchema.prefault({}),
  /** What this process does: `api` writes and reads, `web` pages for people, `persister` moves from queue to store. */
  roles: leaf<readonly Role[]>(`a list of ${ROLES.join(', ')}`, isRoles).default(ROLES),
  /** Where a process of the role `web` alone asks the API. */
  apiUrl: leaf<string>('an http or https URL such as https://daybook.example', isHttpUrl).optional(),
  region: textLike('a name of lower-case letters, digits and hyphens', /^[a-z0-9][a-z0-9-]{0,31}$/).default(
    'local',
  ),
  rateLimit: oneOf('on', 'off').default('on'),
  logLevel: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  /** Of the metrics that the AWS Lambda handlers emit. Characters: "Amazon CloudWatch concepts", CloudWatch User Guide. */
  metricsNamespace: textLike(
    'a CloudWatch namespace of at most 255 of A-Z a-z 0-9 . - _ / # :, not beginning with AWS/',
    /^(?!AWS\/)[A-Za-z0-9._/#:-]{1,255}$/,
  ).default('Daybook'),
  limits: limitsSchema.prefault({}),
  /** Whose tokens are believed. */
  issuers: issuersSchema,
  /** Only what these say of a request's origin in X-Forwarded-* counts. */
  trustedProxies: leaf<TrustedProxies>(
    'a list of addresses and CIDRs, or how many proxies each request passes (0 to 16)',
    (value) =>
      (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 16) ||
      (Array.isArray(value) && value.every((item) => typeof item === 'string' && isNetwork(item))),
  ).default([]),
  registers: z
    .record(
      z.string().regex(REGISTER_NAME, {
        error: (issue) => `expected a register name of [a-z][a-z0-9-]{0,62}, given ${show(issue.input)}`,
      }),
      registerSchema,
    )
    .default({}),
});

/** What a configuration file exports: every key is optional. */
export type DaybookConfig = Omit<z.input<typeof configSchema>, DriverKey> & {
  /** A URL stands for an object with nothing else. */
  readonly [Key in DriverKey]?: string | z.input<typeof configSchema>[Key];
};
type DriverKey = (typeof DRIVER_KEYS)[number];
/** Keys whose value may be given as their `url` alone. */
export const DRIVER_KEYS = ['store', 'queue', 'objects'] as const;

export type ParsedConfig = z.output<typeof configSchema>;

/** The environment variable of a key, of a driver its URL; each takes the same values as the key, numbers in digits. */
export const ENVIRONMENT = {
  DAYBOOK_HOST: 'host',
  DAYBOOK_PORT: 'port',
  DAYBOOK_BASE_PATH: 'basePath',
  DAYBOOK_DATA_DIR: 'dataDir',
  DAYBOOK_STORE: 'store',
  DAYBOOK_STORE_REPLICA: 'store.replicaUrl',
  DAYBOOK_STORE_PASSWORD_FROM: 'store.passwordFrom',
  DAYBOOK_QUEUE: 'queue',
  DAYBOOK_OBJECTS: 'objects',
  DAYBOOK_ROLES: 'roles',
  DAYBOOK_API_URL: 'apiUrl',
  DAYBOOK_REGION: 'region',
  DAYBOOK_RATE_LIMIT: 'rateLimit',
  DAYBOOK_LOG_LEVEL: 'logLevel',
  DAYBOOK_METRICS_NAMESPACE: 'metricsNamespace',
  DAYBOOK_ISSUERS: 'issuers',
} as const satisfies Record<string, keyof DaybookConfig | `store.${keyof ParsedConfig['store']}`>;

export const isObject = leaf<Record<string, unknown>>(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

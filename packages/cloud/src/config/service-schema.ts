/**
 * The configuration of what runs on servers: containers in place of functions, PostgreSQL in place of a table.
 */
import { z } from 'zod';

import { text, whole } from './leaf.ts';

/** The tiers: pages for people, what callers write to and read from, what moves entries from queue to database. */
export const TIERS = ['web', 'api', 'persister'] as const;
export type TierName = (typeof TIERS)[number];

/** "Task size", Amazon ECS Developer Guide: units of processor, and the MiB of memory that go with them. */
const SIZES: Readonly<Record<number, readonly [fromMb: number, toMb: number, stepMb: number]>> = {
  256: [512, 2_048, 512],
  512: [1_024, 4_096, 1_024],
  1024: [2_048, 8_192, 1_024],
  2048: [4_096, 16_384, 1_024],
  4096: [8_192, 30_720, 1_024],
};

export interface TaskSize {
  readonly cpu: number;
  readonly memoryMb: number;
}

/** @returns what fits the processor, in words, where the memory does not. */
export function sizeFault({ cpu, memoryMb }: TaskSize): string | undefined {
  const [from, to, step] = SIZES[cpu] ?? [0, 0, 1];
  const fits = memoryMb >= from && memoryMb <= to && memoryMb % step === 0 && memoryMb !== 1_536;
  return fits ? undefined : `${from} to ${to} in steps of ${step} with ${cpu} units of processor`;
}

const tier = {
  /** 1024 units are one processor. */
  cpu: z.literal([256, 512, 1024, 2048, 4096]).default(512),
  memoryMb: whole(512, 30_720).default(1_024),
  /** Tasks that run at least and at most, spread over the zones. */
  min: whole(1, 100).default(2),
  max: whole(1, 100).default(4),
};

/** Such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/daybook:1.4.0, or with @sha256:… in place of the tag. */
const IMAGE =
  /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[a-z0-9]+(?:[._/-][a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/;

export const servicesSchema = z.strictObject({
  /** One for all tiers. No tag that moves: what it means must be known when it is deployed. */
  image: text('an image of Amazon ECR with its tag or digest', IMAGE).refine(
    (image) => !image.endsWith(':latest'),
    { error: 'expected a tag that stays with its image, or a digest, given latest' },
  ),
  architecture: z.enum(['arm64', 'x86_64']).default('arm64'),
  web: z.strictObject(tier).prefault({}),
  api: z.strictObject(tier).prefault({}),
  persister: z
    .strictObject({
      ...tier,
      /** Batches that wait for each task before there is another. */
      backlogPerTask: whole(1, 100_000).default(100),
    })
    .prefault({}),
  /** What the processors of a tier are kept at, by more tasks and by fewer. */
  cpuPercent: whole(20, 90).default(60),
  /** A shell in a running task by AWS Systems Manager, for those whom IAM lets in; what is done there is logged. */
  shell: z.boolean().default(true),
});

const database = {
  /** In steps of the engine's own: its minor versions come by themselves. */
  version: z.enum(['16', '17', '18']).default('17'),
  instanceType: text('a class such as db.t4g.medium', /^db\.[a-z0-9]+\.[a-z0-9]+$/).default('db.t4g.medium'),
  /** To any second of these days. */
  recoveryDays: whole(1, 35).default(35),
  /** One that `restore` made, in place of the deployment's own, which stays as it is. */
  restored: z
    .strictObject({
      identifier: text('the identifier of a database', /^[a-z][a-z0-9-]{0,62}$/),
      host: text('the host name of a database', /^[a-z0-9.-]{1,253}$/),
      secretArn: text(
        'the ARN of a secret',
        /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+$/,
      ),
      readerHost: text('the host name of a database', /^[a-z0-9.-]{1,253}$/).optional(),
    })
    .optional(),
};

export const databaseSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    /** One instance of RDS for PostgreSQL and its standby in another zone, which takes over. */
    kind: z.literal('rds'),
    ...database,
    multiZone: z.boolean().default(true),
    storageGb: whole(20, 16_384).default(20),
    /** Grows by itself up to here. */
    maxStorageGb: whole(22, 65_536).default(100),
  }),
  z.strictObject({
    /** A cluster of Aurora PostgreSQL: a writer, and a reader in another zone, which takes over. */
    kind: z.literal('aurora'),
    ...database,
    /** Whether lists, tails and statistics are read from the reader. */
    replica: z.boolean().default(false),
  }),
]);

/**
 * The configuration of a deployment: one file for all environments. Everything that a topology is made of is a key here,
 * so a topology is a file of values and never a code path. Names, sizes and times carry their unit.
 */
import { z } from 'zod';

import { text, whole } from './leaf.ts';
import { databaseSchema, servicesSchema } from './service-schema.ts';

/** Such as eu-west-1 or us-gov-east-1. */
const AWS_REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
/** "Naming rules", Amazon DynamoDB Developer Guide. */
const TABLE = /^[A-Za-z0-9_.-]{3,255}$/;
const CIDR = /^[0-9a-fA-F.:]+\/\d{1,3}$/;

export const ENVIRONMENTS = ['poc', 'dev', 'prd'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

const cidr = text('a CIDR such as 203.0.113.0/24', CIDR);

/** CloudWatch Logs takes only these: "PutRetentionPolicy", API reference. */
const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;
const logDays = z.literal(LOG_DAYS);

const frontSchema = z.strictObject({
  /**
   * `alb`: an Application Load Balancer. `rest-api`: a regional REST API of API Gateway; HTTP APIs lack WAF, X-Ray and
   * responses of one's own. `cdn`: CloudFront before a balancer that nothing else reaches; for `services`.
   */
  kind: z.enum(['alb', 'rest-api', 'cdn']),
  /** Only these networks get in; default everybody. */
  allowFrom: z.array(cidr).default([]),
  /** Of a REST API, all callers together. */
  throttle: z
    .strictObject({ ratePerSecond: whole(1, 10_000).default(100), burst: whole(1, 5_000).default(50) })
    .prefault({}),
  /** AWS WAF with managed rules; requests of one address within five minutes. */
  waf: z
    .union([z.literal('off'), z.strictObject({ perAddressPer5Minutes: whole(10, 2_000_000) })])
    .default('off'),
  accessLogs: z.enum(['off', 'json', 'clf']).default('off'),
  /** The role with which API Gateway writes logs belongs to the whole account and region, so it is left alone. */
  manageApiGatewayAccount: z.boolean().default(false),
});

const domainSchema = z.strictObject({
  name: text('a host name such as daybook.example.com', HOST_NAME),
  zoneName: text('the name of a hosted zone such as example.com', HOST_NAME),
  /** Given, so that nothing is looked up while the app is synthesised. */
  hostedZoneId: text('the id of a Route 53 hosted zone', /^Z[A-Z0-9]{1,31}$/),
  /**
   * Of front.kind `cdn` outside of us-east-1, where CloudFront takes its certificates from: one that is there already, for
   * the name itself and for `api.` and `cdn.` before it. Default: it is made.
   */
  cdnCertificateArn: text(
    'the ARN of a certificate in us-east-1',
    /^arn:aws:acm:us-east-1:\d{12}:certificate\/[0-9a-f-]{36}$/,
  ).optional(),
});

const networkSchema = z.strictObject({
  cidr: text('an IPv4 CIDR of /16 to /24', /^\d{1,3}(?:\.\d{1,3}){3}\/(?:1[6-9]|2[0-4])$/).default(
    '10.0.0.0/16',
  ),
  zones: whole(2, 3).default(2),
  /** As many as `zones`, in the deployment's one region. Default: its first, which are others in each account. */
  zoneNames: z
    .array(text('the name of a zone, such as eu-west-1a', /^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/))
    .optional(),
  /** The way of who verifies tokens, the function or the tier `api`, to the keys of issuers: a NAT gateway in each zone. */
  egress: z.enum(['none', 'nat']).default('none'),
});

const queueSchema = z.strictObject({
  /** Batches that one persister is given, and persisters at the same time. */
  batchSize: whole(1, 10).default(10),
  maxConcurrency: whole(2, 1_000).default(10),
  /** An SNS topic between intake and queue, so that others can subscribe. */
  fanOut: z.boolean().default(false),
});

const storeSchema = z.strictObject({
  capacity: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('on-demand') }),
      z.strictObject({
        mode: z.literal('provisioned'),
        min: whole(1, 40_000),
        max: whole(1, 40_000),
        targetPercent: whole(20, 90).default(45),
      }),
    ])
    .default({ mode: 'on-demand' }),
  /**
   * A table that exists and is used in place of the deployment's own, which stays as it is: one that `restore` made. Its
   * capacity is its own affair.
   */
  table: text('the name of a table: 3 to 255 letters, digits, dots, dashes or underscores', TABLE).optional(),
  /** To any second of these days; 1 to 35 is what DynamoDB offers. */
  recoveryDays: whole(1, 35).default(35),
  /** AWS Backup: daily for 35 days, monthly for a year; daily for 7 days where data goes with its stacks. */
  backups: z.boolean().default(true),
});

const functionsSchema = z.strictObject({
  memoryMb: whole(128, 10_240).default(512),
  /** Of the function that answers callers, and the health function. */
  timeoutSeconds: whole(1, 29).default(29),
  /**
   * A message that ends the persister comes again after six of these, a thousand times, and is then unpacked by itself.
   * All of that has to be over in half of the 14 days that SQS keeps it, so that something is left for the unpacking.
   */
  persisterTimeoutSeconds: whole(10, 100).default(60),
  /** Environments of the intake function that are always warm; 0: none. */
  provisionedConcurrency: whole(0, 1_000).default(0),
  /** A new version answers a tenth of the requests for five minutes first, and goes when the function fails meanwhile. */
  canary: z.boolean().default(false),
});

const alertAddress = z.union([
  z.strictObject({ email: z.email() }),
  z.strictObject({ webhook: z.url({ protocol: /^https$/ }) }),
  /** Amazon Q Developer in chat applications, which was AWS Chatbot. */
  z.strictObject({
    slack: z.strictObject({
      workspaceId: text('a Slack workspace id', /^T[A-Z0-9]+$/),
      channelId: text('a Slack channel id', /^[CG][A-Z0-9]+$/),
    }),
  }),
]);

const observeSchema = z.strictObject({
  alarms: z.boolean().default(false),
  alerts: z
    .strictObject({
      high: z.array(alertAddress).default([]),
      low: z.array(alertAddress).default([]),
      /** Low priority is told in these hours only, Monday to Friday. */
      workingHours: z
        .strictObject({
          timeZone: text('an IANA time zone such as Europe/Dublin', /^[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){0,2}$/),
          from: whole(0, 23).default(9),
          to: whole(1, 24).default(17),
        })
        .prefault({ timeZone: 'UTC' }),
    })
    .prefault({}),
  dashboard: z.boolean().default(true),
  /** Bands that a model of the past draws: too many and too few requests. */
  anomalies: z.boolean().default(false),
  /** A synthetic probe every minute. */
  probe: z.boolean().default(false),
  tracing: z.boolean().default(false),
});

const accessSchema = z.strictObject({
  /** Daybook's `issuers`, as in its own configuration. */
  issuers: z.record(z.string(), z.unknown()).default({}),
  /** Tokens are verified by a REQUEST authorizer outside of the network; `cacheSeconds` is API Gateway's. */
  authorizer: z
    .union([z.literal('off'), z.strictObject({ cacheSeconds: whole(0, 300).default(300) })])
    .default('off'),
  /** A user pool of one's own as a further issuer. */
  cognito: z.boolean().default(false),
  /** A role for people that needs a second factor; ARNs or account ids that may take it. */
  people: z
    .array(text('an account id or the ARN of a principal', /^(?:\d{12}|arn:aws[a-z-]*:iam::\d{12}:.+)$/))
    .default([]),
});

const budgetSchema = z.strictObject({ monthlyUsd: z.number().positive().max(10_000_000) });

/** A token's subject is compared as it is: a pattern lets in what nobody thought of. */
const subject = text('the exact subject of a token, without a pattern', /^[^*?\s]{1,512}$/);

const deliverySchema = z.strictObject({
  /** Of the pipeline's tokens: GitHub's, `https://gitlab.com`, `https://vstoken.dev.azure.com/<organisation id>`. */
  issuer: z.url({ protocol: /^https$/ }).default('https://token.actions.githubusercontent.com'),
  audience: text('the audience of its tokens', /^\S{1,255}$/).default('sts.amazonaws.com'),
  /** An account has one provider for each issuer: given where it is there already, else it is made. */
  providerArn: text(
    'the ARN of an OIDC provider',
    /^arn:aws[a-z-]*:iam::\d{12}:oidc-provider\/.+$/,
  ).optional(),
  /** Runs that may deploy, such as `repo:acme/daybook:environment:prd`. */
  deploySubjects: z.array(subject).min(1),
  /** Runs that may read what is deployed, such as `repo:acme/daybook:pull_request`. */
  planSubjects: z.array(subject).default([]),
});

/** What holds for every environment; each may say otherwise. */
export const deploymentSchema = z.strictObject({
  account: text('an AWS account id of twelve digits', /^\d{12}$/),
  /**
   * The first one is where the table is made. Several: one table with a replica in each, and with a domain a name that
   * leads to those that are well, beside `<region>.<domain>` for each.
   */
  regions: z.array(text('an AWS region such as eu-west-1', AWS_REGION)).min(1).default(['eu-west-1']),
  /**
   * Built as several regions are while there is one, so that another is then one more entry in `regions`. What was built
   * without it is other resources, so decide before there is something to move. Needless with several.
   */
  spread: z.boolean().default(false),
  front: frontSchema,
  domain: domainSchema.optional(),
  /** Absent: functions run outside of a network of ours. */
  network: networkSchema.optional(),
  /** Absent: entries go to the store directly. */
  queue: queueSchema.optional(),
  store: storeSchema.prefault({}),
  /** Present: entries are stored in PostgreSQL, and of `store` only `backups` counts. */
  database: databaseSchema.optional(),
  functions: functionsSchema.prefault({}),
  /** Present: containers do the work of functions. */
  services: servicesSchema.optional(),
  access: accessSchema.prefault({}),
  /** Daybook's `registers`, as in its own configuration; they are checked against it. A new one needs no new resource. */
  registers: z.record(z.string(), z.unknown()).default({}),
  /** Daybook's `limits`, as in its own configuration. */
  limits: z.record(z.string(), z.unknown()).default({}),
  /** One customer-managed key, rotated every year, for table, queues, buckets, topics and log groups. */
  customerManagedKey: z.boolean().default(false),
  /** A bucket of archive segments with a Glue table and an Athena workgroup. */
  archive: z.boolean().default(false),
  /** The pages for people from a private bucket behind CloudFront. */
  console: z.boolean().default(false),
  observe: observeSchema.prefault({}),
  logs: z.strictObject({ retentionDays: logDays, flowLogDays: logDays.default(14) }),
  budget: budgetSchema.optional(),
  /** Roles for a pipeline that has no secrets: see docs/delivery.md. */
  delivery: deliverySchema.optional(),
  /** What becomes of data when the stacks are destroyed. */
  onDestroy: z.enum(['retain', 'delete']),
});

/** One environment's configuration, whole: what constructs are given. */
export type Deployment = Readonly<z.output<typeof deploymentSchema>> & {
  readonly name: string;
  readonly environment: EnvironmentName;
};

type DeepPartial<T> = T extends readonly unknown[] | undefined
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** What a configuration file exports by default. */
export type CloudConfig = DeepPartial<z.input<typeof deploymentSchema>> & {
  /** 2 to 20 characters; part of every stack's name and the value of the tag `project`. */
  readonly name: string;
  /** What an environment has otherwise; its own defaults come before, see `environment-defaults.ts`. */
  readonly environments?: {
    readonly [Name in EnvironmentName]?: DeepPartial<z.input<typeof deploymentSchema>>;
  };
};

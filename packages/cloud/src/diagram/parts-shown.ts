/**
 * The parts on the way of an entry, with what the templates say of them. A part is shown where its resource is.
 */
import type { Found, References } from './references.ts';
import { valuesAt } from './references.ts';

export type PartName =
  | 'callers'
  | 'front'
  | 'cdn'
  | 'files'
  | 'authorizer'
  | 'probe'
  | 'health'
  | 'api'
  | 'persister'
  | 'deadLetters'
  | 'main'
  | 'crashed'
  | 'table'
  | 'objects';

export interface Part {
  readonly name: PartName;
  readonly kind: 'caller' | 'front' | 'function' | 'queue' | 'store';
  readonly title: string;
  readonly lines: readonly string[];
  /** Whether it is in the network of the deployment. */
  readonly inside: boolean;
  /** Absent for callers. */
  readonly resource?: Found;
}

const HANDLERS: readonly (readonly [name: PartName, handler: string, title: string])[] = [
  ['authorizer', 'authorizer', 'Authorizer'],
  ['probe', 'probe', 'Probe'],
  ['health', 'health', 'Health'],
  ['api', 'api', 'API'],
  ['persister', 'persister', 'Persister'],
  ['deadLetters', 'dead-letters', 'Dead letters'],
];
const DAY_SECONDS = 86_400;

export function partsShown(from: References): readonly Part[] {
  return [
    { name: 'callers', kind: 'caller', title: 'Callers', lines: [], inside: false },
    ...fronts(from),
    ...functions(from),
    ...queues(from),
    ...stores(from),
  ];
}

function fronts(from: References): Part[] {
  const parts: Part[] = [];
  const [balancer] = from.all('AWS::ElasticLoadBalancingV2::LoadBalancer');
  if (balancer !== undefined) {
    const ports = from
      .all('AWS::ElasticLoadBalancingV2::Listener')
      .map(({ properties }) => Number(properties['Port']));
    const check = from
      .all('AWS::ElasticLoadBalancingV2::TargetGroup')
      .map(({ properties }) => properties)
      .find(({ HealthCheckEnabled }) => HealthCheckEnabled === true);
    parts.push({
      name: 'front',
      kind: 'front',
      title: 'Load balancer',
      lines: [
        ports.includes(443) ? 'HTTPS; 80 leads there' : 'plain HTTP',
        ...(check
          ? [`asks ${String(check['HealthCheckPath'])}, ${String(check['HealthCheckIntervalSeconds'])} s`]
          : []),
      ],
      inside: true,
      resource: balancer,
    });
  }
  const [api] = from.all('AWS::ApiGateway::RestApi');
  const [stage] = from.all('AWS::ApiGateway::Stage');
  if (api !== undefined) {
    const [settings = {}] = (stage?.properties['MethodSettings'] ?? []) as Record<string, unknown>[];
    parts.push({
      name: 'front',
      kind: 'front',
      title: 'API Gateway',
      lines: [
        'REST API, regional',
        `${String(settings['ThrottlingRateLimit'])} a second, burst ${String(settings['ThrottlingBurstLimit'])}`,
      ],
      inside: false,
      resource: api,
    });
  }
  const [cdn] = from.all('AWS::CloudFront::Distribution');
  if (cdn !== undefined) {
    const lines = ['the pages; passes', 'the rest to the API'];
    parts.push({ name: 'cdn', kind: 'front', title: 'CloudFront', lines, inside: false, resource: cdn });
    const [files] = from.within(cdn.properties, 'AWS::S3::Bucket');
    if (files !== undefined)
      parts.push({
        name: 'files',
        kind: 'store',
        title: 'Pages',
        lines: ['S3, for CloudFront', 'alone'],
        inside: false,
        resource: files,
      });
  }
  return parts;
}

function functions(from: References): Part[] {
  const all = from.all('AWS::Lambda::Function');
  return HANDLERS.flatMap(([name, handler, title]): Part[] => {
    const found = all.find(({ properties }) => properties['Description'] === `Daybook: ${handler}`);
    if (found === undefined) return [];
    const { MemorySize, Timeout, VpcConfig } = found.properties;
    const schedule = name === 'probe' ? [`every ${everyOf(found, from)}`] : [];
    const lines = [`Lambda, ${String(MemorySize)} MB, ${String(Timeout)} s`, ...schedule];
    return [{ name, kind: 'function', title, lines, inside: VpcConfig !== undefined, resource: found }];
  });
}

/** Such as "minute" or "15 minutes", of a function that a rule calls. */
export function everyOf(one: Found, from: References): string {
  const rule = from
    .all('AWS::Events::Rule')
    .find(({ properties }) => from.functionsWithin(properties['Targets']).includes(one));
  return /^rate\((?:1 )?(.+)\)$/.exec(String(rule?.properties['ScheduleExpression']))?.[1] ?? '';
}

function daysOf({ properties }: Found): string {
  return `${Number(properties['MessageRetentionPeriod']) / DAY_SECONDS} days`;
}

function queues(from: References): Part[] {
  const main = from
    .all('AWS::SQS::Queue')
    .find(({ properties }) => properties['RedrivePolicy'] !== undefined);
  if (main === undefined) return [];
  const redrive = valuesAt(main.properties, 'RedrivePolicy');
  const [crashed] = from.within(redrive, 'AWS::SQS::Queue');
  const hasTopic = from
    .all('AWS::SNS::Subscription')
    .some(({ properties }) => from.within(properties['Endpoint'], 'AWS::SQS::Queue').includes(main));
  return [
    {
      name: 'main',
      kind: 'queue',
      title: hasTopic ? 'Topic and queue' : 'Queue',
      lines: [
        `${hasTopic ? 'SNS, SQS' : 'SQS'}, ${daysOf(main)}`,
        `hidden for ${String(main.properties['VisibilityTimeout'])} s`,
      ],
      inside: false,
      resource: main,
    },
    ...(crashed === undefined
      ? []
      : [
          {
            name: 'crashed' as const,
            kind: 'queue' as const,
            title: 'Queue behind it',
            lines: [`SQS, ${daysOf(crashed)}`, `after ${String(redrive['maxReceiveCount'])} receives`],
            inside: false,
            resource: crashed,
          },
        ]),
  ];
}

function stores(from: References): Part[] {
  const parts: Part[] = [];
  const [table] = from.all('AWS::DynamoDB::Table');
  if (table !== undefined) {
    const [scaled] = from.all('AWS::ApplicationAutoScaling::ScalableTarget');
    const { MinCapacity, MaxCapacity } = scaled?.properties ?? {};
    const recovery = valuesAt(table.properties, 'PointInTimeRecoverySpecification');
    parts.push({
      name: 'table',
      kind: 'store',
      title: 'Table',
      lines: [
        scaled === undefined
          ? 'DynamoDB, on demand'
          : `DynamoDB, ${String(MinCapacity)} to ${String(MaxCapacity)} units`,
        `any second of ${String(recovery['RecoveryPeriodInDays'])} days`,
      ],
      inside: false,
      resource: table,
    });
  }
  const objects = from
    .all('AWS::Lambda::Function')
    .flatMap(({ properties }) =>
      from.within(valuesAt(properties, 'Environment', 'Variables')['DAYBOOK_OBJECTS'], 'AWS::S3::Bucket'),
    )[0];
  if (objects !== undefined) {
    const lines = ['S3: dead letters, with versions,', 'until replay or discard'];
    parts.push({
      name: 'objects',
      kind: 'store',
      title: 'Bucket',
      lines,
      inside: false,
      resource: objects,
    });
  }
  return parts;
}

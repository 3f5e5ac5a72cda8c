/**
 * The parts on the way of an entry, with what the templates say of them. A part is shown where its resource is.
 */
import type { Part, PartName } from './part.ts';
import type { Found, References } from './references.ts';
import { valuesAt } from './references.ts';
import { storesShown } from './stores-shown.ts';
import { tiersShown } from './tiers-shown.ts';

const HANDLERS: readonly (readonly [name: PartName, handler: string, title: string])[] = [
  ['authorizer', 'authorizer', 'Authorizer'],
  ['probe', 'probe', 'Probe'],
  ['health', 'health', 'Health'],
  ['api', 'api', 'API'],
  ['persister', 'persister', 'Persister'],
  ['deadLetters', 'dead-letters', 'Dead letters'],
];
const DAY_SECONDS = 86_400;

export const CALLERS: Part = { name: 'callers', kind: 'caller', title: 'Callers', lines: [], inside: false };

export function partsShown(from: References): readonly Part[] {
  return [
    CALLERS,
    ...fronts(from),
    ...functions(from),
    ...tiersShown(from),
    ...queues(from),
    ...storesShown(from),
  ];
}

function fronts(from: References): Part[] {
  const parts: Part[] = [];
  const [balancer] = from.all('AWS::ElasticLoadBalancingV2::LoadBalancer');
  if (balancer !== undefined)
    parts.push({
      name: 'front',
      kind: 'front',
      title: 'Load balancer',
      lines: balancerLines(balancer, from),
      inside: true,
      resource: balancer,
    });
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
    const lines = isEntrance(from)
      ? ['keeps files, passes', 'everything else on']
      : ['the pages; passes', 'the rest to the API'];
    parts.push({ name: 'cdn', kind: 'front', title: 'CloudFront', lines, inside: false, resource: cdn });
    const [files] = from.within(valuesAt(cdn.properties, 'DistributionConfig')['Origins'], 'AWS::S3::Bucket');
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

/** Whether callers reach nothing but CloudFront. */
export function isEntrance(from: References): boolean {
  return from.all('AWS::CloudFront::VpcOrigin').length > 0;
}

function balancerLines({ properties }: Found, from: References): string[] {
  const ports = from
    .all('AWS::ElasticLoadBalancingV2::Listener')
    .map((one) => Number(one.properties['Port']));
  const checks = from
    .all('AWS::ElasticLoadBalancingV2::TargetGroup')
    .map((group) => group.properties)
    .filter(({ HealthCheckEnabled, HealthCheckPath }) => HealthCheckEnabled === true || HealthCheckPath);
  const paths = checks.map(({ HealthCheckPath }) => String(HealthCheckPath));
  const seconds = String(checks[0]?.['HealthCheckIntervalSeconds']);
  const asks = paths.length === 1 ? `asks ${paths[0]}, ${seconds} s` : `asks tiers every ${seconds} s`;
  const isPrivate = properties['Scheme'] === 'internal';
  const privately = ports.includes(443) ? 'private, HTTPS' : 'private, plain HTTP';
  const openly = ports.includes(443) ? 'HTTPS; 80 leads there' : 'plain HTTP';
  return [isPrivate ? privately : openly, ...(paths.length > 0 ? [asks] : [])];
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

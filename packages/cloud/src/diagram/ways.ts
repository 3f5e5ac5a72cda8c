/**
 * Who hands what to whom, as the templates say it: integrations, targets, event sources, redrive policies, permissions.
 */
import type { Part, PartName } from './part.ts';
import { isEntrance } from './parts-shown.ts';
import type { Found, References } from './references.ts';
import { taskOf, variableOf } from './tiers-shown.ts';

export interface Way {
  readonly from: PartName;
  readonly to: PartName;
  /** Whether every entry goes this way. */
  readonly main: boolean;
}

export function waysBetween(parts: readonly Part[], from: References): readonly Way[] {
  const nameOf = new Map(parts.flatMap(({ name, resource }) => (resource ? [[resource.id, name]] : [])));
  const ways: Way[] = [];
  const add = (first: PartName | undefined, second: PartName | undefined, main = false): void => {
    if (first === undefined || second === undefined || first === second) return;
    if (!ways.some((way) => way.from === first && way.to === second))
      ways.push({ from: first, to: second, main });
  };
  const named = ({ id }: Found): PartName | undefined => nameOf.get(id);

  const entrance = isEntrance(from) ? 'cdn' : 'front';
  add('callers', entrance, true);
  add(entrance, 'front', true);
  for (const type of CALLING)
    for (const { properties } of from.all(type))
      for (const called of from.functionsWithin(properties))
        add('front', named(called), named(called) === 'api');
  for (const service of from.all('AWS::ECS::Service')) {
    if (
      from.within(service.properties['LoadBalancers'], 'AWS::ElasticLoadBalancingV2::TargetGroup').length > 0
    )
      add('front', named(service), named(service) === 'api');
    const task = taskOf(service, from);
    const asks = task && from.within(variableOf(task, 'DAYBOOK_API_URL'), BALANCER);
    if (asks !== undefined && asks.length > 0) add(named(service), 'front');
  }
  for (const { properties } of from.all('AWS::Lambda::EventSourceMapping')) {
    const [queue] = from.within(properties['EventSourceArn'], 'AWS::SQS::Queue');
    const [reader] = from.functionsWithin(properties['FunctionName']);
    if (queue && reader) add(named(queue), named(reader), named(queue) === 'main');
  }
  for (const queue of from.all('AWS::SQS::Queue'))
    for (const behind of from.within(queue.properties['RedrivePolicy'], 'AWS::SQS::Queue'))
      add(named(queue), named(behind));
  const hasQueue = parts.some(({ name }) => name === 'main');
  for (const part of parts) {
    if (part.kind !== 'function' || part.resource === undefined) continue;
    const { resource } = part;
    const actions = (...types: readonly string[]): string => actionsOn(resource, types, from);
    // A tier asks for its messages itself.
    if (resource.type === 'AWS::ECS::Service')
      for (const queue of receivedBy(resource, from)) add(named(queue), part.name, named(queue) === 'main');
    const reads = ways.some((way) => way.from === 'main' && way.to === part.name);
    if (!reads && /sqs:SendMessage|sns:Publish/.test(actions('AWS::SQS::Queue', 'AWS::SNS::Topic')))
      add(part.name, 'main', true);
    const isWriter = part.name === (hasQueue ? 'persister' : 'api');
    if (actions('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').includes('dynamodb:PutItem'))
      add(part.name, 'table', isWriter);
    if (isToldOfDatabase(resource, from)) add(part.name, 'database', isWriter);
    if (actions('AWS::S3::Bucket').includes('s3:PutObject')) add(part.name, 'objects');
  }
  for (const part of parts) {
    if (part.name === 'cdn') {
      add('callers', 'cdn');
      add('cdn', 'front');
      if (parts.some(({ name }) => name === 'files')) add('cdn', 'files');
    }
    if (part.name === 'probe') add('probe', entrance);
  }
  return ways;
}

const BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const DATABASES = ['AWS::RDS::DBInstance', 'AWS::RDS::DBCluster'];

/** What names a function that a front calls. */
const CALLING = [
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Authorizer',
  'AWS::ElasticLoadBalancingV2::TargetGroup',
];

/** What a function or a tier may do with resources of a type: as text, to look into. A topic stands for the queue behind it. */
function actionsOn(one: Found, types: readonly string[], from: References): string {
  return statementsOf(one, from)
    .filter(({ Resource }) => types.some((type) => speaksOf(Resource, type, from)))
    .map(({ Action }) => JSON.stringify(Action))
    .join(' ');
}

function receivedBy(one: Found, from: References): readonly Found[] {
  return statementsOf(one, from)
    .filter(({ Action }) => JSON.stringify(Action).includes('sqs:ReceiveMessage'))
    .flatMap(({ Resource }) => from.within(Resource, 'AWS::SQS::Queue'));
}

interface Statement {
  readonly Action: unknown;
  readonly Resource: unknown;
}

function statementsOf(one: Found, from: References): readonly Statement[] {
  const [role] = from.within(roleOf(one, from), 'AWS::IAM::Role');
  return from
    .all('AWS::IAM::Policy')
    .filter(({ properties }) => role && from.within(properties['Roles'], 'AWS::IAM::Role').includes(role))
    .flatMap(({ properties }) => {
      const { Statement = [] } = properties['PolicyDocument'] as {
        readonly Statement?: readonly Statement[];
      };
      return Statement;
    });
}

function roleOf(one: Found, from: References): unknown {
  if (one.type !== 'AWS::ECS::Service') return one.properties['Role'];
  return taskOf(one, from)?.properties['TaskRoleArn'];
}

/** Replicas are spoken of by the name of their table, because they are not made where they are used. */
function speaksOf(value: unknown, type: string, from: References): boolean {
  if (from.within(value, type).length > 0) return true;
  if (type !== 'AWS::DynamoDB::GlobalTable') return false;
  const text = JSON.stringify(value);
  return from.all(type).some(({ properties }) => text.includes(`:table/${String(properties['TableName'])}`));
}

function isToldOfDatabase(one: Found, from: References): boolean {
  const task = taskOf(one, from);
  const url = task && variableOf(task, 'DAYBOOK_STORE');
  return DATABASES.some((type) => from.within(url, type).length > 0);
}

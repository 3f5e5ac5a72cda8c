/**
 * Who hands what to whom, as the templates say it: integrations, targets, event sources, redrive policies, permissions.
 */
import type { Part, PartName } from './parts-shown.ts';
import type { Found, References } from './references.ts';

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

  add('callers', 'front', true);
  for (const type of CALLING)
    for (const { properties } of from.all(type))
      for (const called of from.functionsWithin(properties))
        add('front', named(called), named(called) === 'api');
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
    const actions = (type: string): string => actionsOn(part.resource as Found, type, from);
    const reads = ways.some((way) => way.from === 'main' && way.to === part.name);
    if (!reads && /sqs:SendMessage|sns:Publish/.test(actions('AWS::SQS::Queue')))
      add(part.name, 'main', true);
    if (actions('AWS::DynamoDB::Table').includes('dynamodb:PutItem'))
      add(part.name, 'table', part.name === (hasQueue ? 'persister' : 'api'));
    if (actions('AWS::S3::Bucket').includes('s3:PutObject')) add(part.name, 'objects');
  }
  for (const part of parts) {
    if (part.name === 'cdn') {
      add('callers', 'cdn');
      add('cdn', 'front');
      add('cdn', 'files');
    }
    if (part.name === 'probe') add('probe', 'front');
  }
  return ways;
}

/** What names a function that a front calls. */
const CALLING = [
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Authorizer',
  'AWS::ElasticLoadBalancingV2::TargetGroup',
];

/** What a function may do with resources of a type: as text, to look into. A topic stands for the queue behind it. */
function actionsOn(one: Found, type: string, from: References): string {
  const [role] = from.within(one.properties['Role'], 'AWS::IAM::Role');
  const statements = from
    .all('AWS::IAM::Policy')
    .filter(({ properties }) => role && from.within(properties['Roles'], 'AWS::IAM::Role').includes(role))
    .flatMap(({ properties }) => {
      const { Statement = [] } = properties['PolicyDocument'] as {
        readonly Statement?: readonly { readonly Action: unknown; readonly Resource: unknown }[];
      };
      return Statement;
    });
  return statements
    .filter(({ Resource }) => {
      const types = type === 'AWS::SQS::Queue' ? [type, 'AWS::SNS::Topic'] : [type];
      return types.some((wanted) => from.within(Resource, wanted).length > 0);
    })
    .map(({ Action }) => JSON.stringify(Action))
    .join(' ');
}

/**
 * What stands around the way of an entry: watches it, keeps it, guards it. Each is counted in the templates.
 */
import { everyOf } from './parts-shown.ts';
import type { Found, References } from './references.ts';
import { valuesAt } from './references.ts';

export interface Surrounding {
  readonly title: string;
  readonly text: string;
}

export function surroundingsOf(from: References): readonly Surrounding[] {
  const alarms = from.all('AWS::CloudWatch::Alarm');
  const high = alarms.filter(({ properties }) => String(properties['AlarmDescription']).startsWith('[high]'));
  const keys = from.all('AWS::KMS::Key').filter(({ properties }) => properties['EnableKeyRotation'] === true);
  const shown: readonly (readonly [title: string, text: string | undefined])[] = [
    ['Endpoints', endpointsText(from)],
    ['Way out', from.all('AWS::EC2::NatGateway').length > 0 ? 'NAT, for tokens' : undefined],
    ['Scaling', scalingText(from)],
    ['Deployments', isTakenBack(from) ? 'rolling, or taken back' : undefined],
    ['Shell', hasShell(from) ? 'by Systems Manager' : undefined],
    ['Flow logs', daysOf(from, 'FlowLogs')],
    ['Firewall', from.all('AWS::WAFv2::WebACL').length > 0 ? 'WAF before the front' : undefined],
    ['Domain', domainText(from)],
    ['Key', keys.length > 0 ? 'KMS, rotated' : undefined],
    ['Alarms', alarms.length > 0 ? `${high.length} high, ${alarms.length - high.length} low` : undefined],
    ['Told', toldText(from)],
    ['Dashboard', from.all('AWS::CloudWatch::Dashboard').length > 0 ? 'the way, step by step' : undefined],
    ['Traces', isTraced(from) ? 'X-Ray' : undefined],
    ['Logs', daysOf(from, 'Api') ?? daysOf(from, 'Placeapi')],
    ['Retention', retentionText(from)],
    ['Backups', from.all('AWS::Backup::BackupPlan').length > 0 ? 'daily, monthly' : undefined],
    ['Archive', from.all('AWS::Glue::Table').length > 0 ? 'S3, Glue, Athena' : undefined],
    ['Budget', budgetText(from)],
    ['Accounts', from.all('AWS::Cognito::UserPool').length > 0 ? 'Cognito user pool' : undefined],
    ['Resource group', from.all('AWS::ResourceGroups::Group').length > 0 ? 'by tag' : undefined],
  ];
  return shown.flatMap(([title, text]) => (text === undefined ? [] : [{ title, text }]));
}

/** More than a box has room for. */
const MANY_ENDPOINTS = 4;

/** Such as "10.0.0.0/16, 2 zones". */
export function networkText(from: References): string {
  const [vpc] = from.all('AWS::EC2::VPC');
  const zones = from
    .all('AWS::EC2::Subnet')
    .map(({ properties }) => JSON.stringify(properties['AvailabilityZone']));
  return `${String(vpc?.properties['CidrBlock'])}, ${new Set(zones).size} zones`;
}

function endpointsText(from: References): string | undefined {
  const names = from.all('AWS::EC2::VPCEndpoint').map(({ properties }) => {
    const name = properties['ServiceName'];
    // Of a gateway it is joined from pieces.
    const text = typeof name === 'string' ? name : JSON.stringify(name);
    return /\.(\w+)\W*$/.exec(text)?.[1] ?? '';
  });
  if (names.length > MANY_ENDPOINTS) return `of ${names.length} services`;
  return names.length === 0 ? undefined : names.toSorted().join(', ');
}

/** Such as "CPU 60 %, 100 batches": what the tiers are kept at. */
function scalingText(from: References): string | undefined {
  const tracked = from
    .all('AWS::ApplicationAutoScaling::ScalingPolicy')
    .map(({ properties }) => valuesAt(properties, 'TargetTrackingScalingPolicyConfiguration'));
  const target = (kind: string): unknown => tracked.find((one) => one[kind] !== undefined)?.['TargetValue'];
  if (from.all('AWS::ECS::Service').length === 0) return undefined;
  const cpu = target('PredefinedMetricSpecification');
  return `CPU ${String(cpu)} %, ${String(target('CustomizedMetricSpecification'))} batches`;
}

function isTakenBack(from: References): boolean {
  const path = ['DeploymentConfiguration', 'DeploymentCircuitBreaker'] as const;
  return from
    .all('AWS::ECS::Service')
    .some(({ properties }) => valuesAt(properties, ...path)['Rollback'] === true);
}

function hasShell(from: References): boolean {
  return from.all('AWS::ECS::Service').some(({ properties }) => properties['EnableExecuteCommand'] === true);
}

function retentionText(from: References): string | undefined {
  const api = apiFunction(from);
  const every = api && everyOf(api, from);
  return every ? `every ${every}` : undefined;
}

/** Of the log group whose id says what it is of. */
function daysOf(from: References, of: string): string | undefined {
  const group = from.all('AWS::Logs::LogGroup').find(({ id }) => id.includes(of));
  return group && `${String(group.properties['RetentionInDays'])} days`;
}

function domainText(from: References): string | undefined {
  const [record] = from.all('AWS::Route53::RecordSet');
  return record && String(record.properties['Name']).replace(/\.$/, '');
}

function toldText(from: References): string | undefined {
  const isWatch = ({ properties }: Found): boolean =>
    from.within(properties['TopicArn'], 'AWS::SNS::Topic').some(({ id }) => id.startsWith('Observe'));
  const protocols = from
    .all('AWS::SNS::Subscription')
    .filter(isWatch)
    .map(({ properties }) => String(properties['Protocol']).replace('email', 'e-mail'));
  const chat = from.all('AWS::Chatbot::SlackChannelConfiguration').length > 0 ? ['Slack'] : [];
  const told = [...new Set([...protocols, ...chat])];
  return told.length === 0 ? undefined : told.join(', ');
}

function isTraced(from: References): boolean {
  const { properties = {} } = apiFunction(from) ?? {};
  return valuesAt(properties, 'TracingConfig')['Mode'] === 'Active';
}

function apiFunction(from: References): Found | undefined {
  return from
    .all('AWS::Lambda::Function')
    .find(({ properties }) => properties['Description'] === 'Daybook: api');
}

function budgetText(from: References): string | undefined {
  const [budget] = from.all('AWS::Budgets::Budget');
  if (budget === undefined) return undefined;
  return `${String(valuesAt(budget.properties, 'Budget', 'BudgetLimit')['Amount'])} USD a month`;
}

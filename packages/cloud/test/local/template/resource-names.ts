/**
 * What `Ref` and `Fn::GetAtt` give for a resource that was never deployed: names, ARNs and addresses in the forms that
 * each type has ("Template reference", AWS CloudFormation), made of the stack's name and the logical id. An attribute
 * that is not listed is an error and never a guess.
 */
import { createHash } from 'node:crypto';

export interface NamedResource {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  readonly account: string;
  readonly region: string;
}

/** The longest name that all kinds of resources take. */
const MAX_NAME_LENGTH = 63;

/** The same for every run: `<stack>-<logical id>` within the limits of its kind. */
export function localName({ stackName, logicalId, type }: NamedResource): string {
  const name = `${stackName}-${logicalId}`;
  // The logical id ends with a hash that keeps it apart from others, so the front may go.
  const short = name.length <= MAX_NAME_LENGTH ? name : name.slice(-MAX_NAME_LENGTH).replace(/^-+/, '');
  return type === 'AWS::S3::Bucket' ? short.toLowerCase() : short;
}

/** Ten characters as API Gateway's ids have. */
function apiId(resource: NamedResource): string {
  return createHash('sha256').update(localName(resource)).digest('hex').slice(0, 10);
}

function arn(service: string, { region, account }: NamedResource, rest: string): string {
  return `arn:aws:${service}:${region}:${account}:${rest}`;
}

const REFS: Readonly<Record<string, (resource: NamedResource) => string>> = {
  'AWS::SQS::Queue': (r) => `https://sqs.${r.region}.amazonaws.com/${r.account}/${localName(r)}`,
  'AWS::SNS::Topic': (r) => arn('sns', r, localName(r)),
  'AWS::ApiGateway::RestApi': apiId,
  'AWS::ApiGateway::Resource': apiId,
  'AWS::ApiGateway::Authorizer': apiId,
  'AWS::ApiGateway::Deployment': apiId,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': (r) =>
    arn('elasticloadbalancing', r, `loadbalancer/app/${localName(r)}/0123456789abcdef`),
  'AWS::ElasticLoadBalancingV2::TargetGroup': (r) =>
    arn('elasticloadbalancing', r, `targetgroup/${localName(r)}/0123456789abcdef`),
  'AWS::ElasticLoadBalancingV2::Listener': (r) =>
    arn('elasticloadbalancing', r, `listener/app/${localName(r)}/0123456789abcdef/0123456789abcdef`),
  'AWS::ECS::TaskDefinition': (r) => arn('ecs', r, `task-definition/${localName(r)}:1`),
  'AWS::CertificateManager::Certificate': (r) => arn('acm', r, `certificate/${localName(r)}`),
  'AWS::SecretsManager::Secret': (r) => arn('secretsmanager', r, `secret:${localName(r)}`),
  'AWS::Cognito::UserPool': (r) => `${r.region}_${apiId(r)}`,
};

const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, (resource: NamedResource) => string>>>> = {
  'AWS::Lambda::Function': { Arn: (r) => arn('lambda', r, `function:${localName(r)}`) },
  'AWS::Lambda::Version': { Version: () => '1' },
  'AWS::DynamoDB::Table': {
    Arn: (r) => arn('dynamodb', r, `table/${localName(r)}`),
    StreamArn: (r) => arn('dynamodb', r, `table/${localName(r)}/stream/2026-01-01T00:00:00.000`),
  },
  'AWS::DynamoDB::GlobalTable': { Arn: (r) => arn('dynamodb', r, `table/${localName(r)}`) },
  'AWS::SQS::Queue': {
    Arn: (r) => arn('sqs', r, localName(r)),
    QueueName: localName,
    QueueUrl: (r) => `https://sqs.${r.region}.amazonaws.com/${r.account}/${localName(r)}`,
  },
  'AWS::SNS::Topic': { TopicArn: (r) => arn('sns', r, localName(r)), TopicName: localName },
  'AWS::S3::Bucket': {
    Arn: (r) => `arn:aws:s3:::${localName(r)}`,
    DomainName: (r) => `${localName(r)}.s3.amazonaws.com`,
    RegionalDomainName: (r) => `${localName(r)}.s3.${r.region}.amazonaws.com`,
  },
  'AWS::KMS::Key': { Arn: (r) => arn('kms', r, `key/${localName(r)}`), KeyId: localName },
  'AWS::IAM::Role': { Arn: (r) => `arn:aws:iam::${r.account}:role/${localName(r)}`, RoleId: localName },
  'AWS::Logs::LogGroup': { Arn: (r) => arn('logs', r, `log-group:${localName(r)}:*`) },
  'AWS::RDS::DBInstance': {
    'Endpoint.Address': (r) => `${localName(r).toLowerCase()}.local.${r.region}.rds.amazonaws.com`,
    'MasterUserSecret.SecretArn': (r) => arn('secretsmanager', r, `secret:rds!db-${localName(r)}-AbCdEf`),
  },
  'AWS::RDS::DBCluster': {
    'Endpoint.Address': (r) => `${localName(r).toLowerCase()}.cluster-local.${r.region}.rds.amazonaws.com`,
    'ReadEndpoint.Address': (r) =>
      `${localName(r).toLowerCase()}.cluster-ro-local.${r.region}.rds.amazonaws.com`,
    'MasterUserSecret.SecretArn': (r) =>
      arn('secretsmanager', r, `secret:rds!cluster-${localName(r)}-AbCdEf`),
  },
  'AWS::ECS::Service': { Name: localName },
  'AWS::ApiGateway::RestApi': { RootResourceId: (r) => `root${apiId(r)}`, RestApiId: apiId },
  'AWS::ApiGateway::Resource': { ResourceId: apiId },
  'AWS::ApiGateway::Authorizer': { AuthorizerId: apiId },
  'AWS::ApiGateway::DomainName': {
    RegionalDomainName: (r) => `d-${apiId(r)}.execute-api.${r.region}.amazonaws.com`,
    RegionalHostedZoneId: () => 'ZLOCALREGIONAL',
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    DNSName: (r) => `${localName(r).toLowerCase()}-0123456789.${r.region}.elb.amazonaws.com`,
    LoadBalancerFullName: (r) => `app/${localName(r)}/0123456789abcdef`,
    CanonicalHostedZoneID: () => 'ZLOCALBALANCER',
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    TargetGroupFullName: (r) => `targetgroup/${localName(r)}/0123456789abcdef`,
  },
  'AWS::Cognito::UserPool': {
    Arn: (r) => arn('cognito-idp', r, `userpool/${r.region}_${apiId(r)}`),
    ProviderName: (r) => `cognito-idp.${r.region}.amazonaws.com/${r.region}_${apiId(r)}`,
    ProviderURL: (r) => `https://cognito-idp.${r.region}.amazonaws.com/${r.region}_${apiId(r)}`,
  },
  'AWS::EC2::SecurityGroup': { GroupId: localName },
  'AWS::CloudFront::Distribution': { DomainName: (r) => `${apiId(r)}.cloudfront.net` },
  'AWS::CloudFront::VpcOrigin': { Id: (r) => `vo_${apiId(r)}` },
};

export function refOf(resource: NamedResource): string {
  return (REFS[resource.type] ?? localName)(resource);
}

/** @throws {Error} for an attribute whose form is not known here. */
export function attributeOf(resource: NamedResource, attribute: string): string {
  const give = ATTRIBUTES[resource.type]?.[attribute];
  if (give !== undefined) return give(resource);
  throw new Error(
    `${resource.stackName}/${resource.logicalId}: expected an attribute whose form is known of ${resource.type}, given ${attribute}`,
  );
}

/**
 * What becomes of each resource when its stack is destroyed, told from the template that is deployed: it goes, it is kept,
 * or it stands in the way. "DeletionPolicy attribute", AWS CloudFormation Template Reference.
 */
import type { Template, TemplateResource } from './assembly.ts';

export interface Fate {
  readonly logicalId: string;
  readonly type: string;
  readonly fate: 'goes' | 'kept' | 'blocks';
  /** Why it is kept or blocks, or what stays of it. */
  readonly reason?: string;
}

/** CloudFormation keeps all of these; of the last two only what a failed creation leaves behind goes, or a snapshot stays. */
const KEPT = new Set(['Retain', 'RetainExceptOnCreate', 'Snapshot']);
const AUTO_DELETE = 'Custom::S3AutoDeleteObjects';

export function fatesOf({ Resources = {} }: Template): Fate[] {
  const emptied = new Set(
    Object.values(Resources)
      .filter(({ Type }) => Type === AUTO_DELETE)
      .map(({ Properties }) => referenceOf(Properties?.['BucketName'])),
  );
  return Object.entries(Resources).map(([logicalId, resource]) => {
    const { Type: type, DeletionPolicy = '' } = resource;
    if (KEPT.has(DeletionPolicy)) {
      return { logicalId, type, fate: 'kept', reason: `DeletionPolicy ${DeletionPolicy}` };
    }
    if (isProtected(resource)) return { logicalId, type, fate: 'blocks', reason: 'deletion protection' };
    const note = noteOn(type, resource, emptied.has(logicalId));
    return { logicalId, type, fate: 'goes', ...(note !== undefined && { reason: note }) };
  });
}

function noteOn(type: string, { Properties = {} }: TemplateResource, isEmptied: boolean): string | undefined {
  switch (type) {
    case 'AWS::S3::Bucket':
      return isEmptied ? 'with everything in it' : 'only if it is empty';
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable':
      // "Point-in-time recovery: how it works", Amazon DynamoDB Developer Guide: deleting a table with recovery on.
      return hasRecovery(Properties)
        ? 'with everything in it; DynamoDB keeps a system backup for 35 days'
        : 'with everything in it';
    case 'AWS::Backup::BackupVault':
      return 'with the backups in it';
    case 'AWS::KMS::Key':
      return 'disabled at once, deleted after its waiting time: what it encrypted is unreadable then';
    case 'AWS::Logs::LogGroup':
      return 'with its logs';
    case 'AWS::SQS::Queue':
      return 'with the messages in it';
    default:
      return undefined;
  }
}

function isProtected({ Type, Properties = {} }: TemplateResource): boolean {
  if (Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer') {
    const attributes = (Properties['LoadBalancerAttributes'] ?? []) as { Key?: string; Value?: string }[];
    return attributes.some(({ Key, Value }) => Key === 'deletion_protection.enabled' && Value === 'true');
  }
  if (Type === 'AWS::Cognito::UserPool') return Properties['DeletionProtection'] === 'ACTIVE';
  const replicas = (Properties['Replicas'] ?? []) as Record<string, unknown>[];
  return [Properties, ...replicas].some((one) => one['DeletionProtectionEnabled'] === true);
}

function hasRecovery(properties: Readonly<Record<string, unknown>>): boolean {
  const replicas = (properties['Replicas'] ?? []) as Record<string, unknown>[];
  return [properties, ...replicas].some(
    (one) =>
      (one['PointInTimeRecoverySpecification'] as { PointInTimeRecoveryEnabled?: boolean } | undefined)
        ?.PointInTimeRecoveryEnabled === true,
  );
}

function referenceOf(value: unknown): string | undefined {
  return (value as { Ref?: string } | undefined)?.Ref;
}

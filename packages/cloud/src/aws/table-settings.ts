/**
 * The settings of a table that a restore does not carry over: compared with those of the table it came from, and applied
 * where they differ. "RestoreTableToPointInTime", Amazon DynamoDB API Reference, lists what has to be set by hand; scaling
 * policies and alarms are the stack's, and the store uses neither streams nor time to live.
 */
import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-calls.ts';

export interface TableSettings {
  readonly arn: string;
  readonly recoveryDays: number | 'off';
  readonly deletionProtection: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** The ARN of the customer-managed key or of AWS's own in the account; `default` is a key of DynamoDB's. */
  readonly key: string;
}

export interface SettingChange {
  readonly setting: keyof Omit<TableSettings, 'arn'>;
  readonly from: unknown;
  readonly to: unknown;
}

/** The table, once it can be used; undefined when there is none of that name. */
export async function describeTable(calls: AwsCalls, region: string, name: string) {
  try {
    return (await calls.send('dynamodb:DescribeTable', region, { TableName: name })).Table;
  } catch (thrown) {
    if (thrown instanceof AwsError && thrown.code === 'ResourceNotFoundException') return undefined;
    throw thrown;
  }
}

export async function readSettings(calls: AwsCalls, region: string, name: string): Promise<TableSettings> {
  const table = await describeTable(calls, region, name);
  const arn = table?.TableArn ?? '';
  const { ContinuousBackupsDescription } = await calls.send('dynamodb:DescribeContinuousBackups', region, {
    TableName: name,
  });
  const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  return {
    arn,
    recoveryDays:
      recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? (recovery.RecoveryPeriodInDays ?? 35) : 'off',
    deletionProtection: table?.DeletionProtectionEnabled ?? false,
    tags: await readTags(calls, region, arn),
    key: table?.SSEDescription?.KMSMasterKeyArn ?? 'default',
  };
}

/** What has to change so that `restored` is protected as `source` is. */
export function differences(source: TableSettings, restored: TableSettings): SettingChange[] {
  const changes: SettingChange[] = [];
  if (restored.key !== source.key) changes.push({ setting: 'key', from: restored.key, to: source.key });
  if (restored.recoveryDays !== source.recoveryDays)
    changes.push({ setting: 'recoveryDays', from: restored.recoveryDays, to: source.recoveryDays });
  const missing = Object.entries(source.tags).filter(([key, value]) => restored.tags[key] !== value);
  if (missing.length > 0)
    changes.push({ setting: 'tags', from: restored.tags, to: Object.fromEntries(missing) });
  // The last: what goes wrong before can still be thrown away.
  if (restored.deletionProtection !== source.deletionProtection) {
    const [from, to] = [restored.deletionProtection, source.deletionProtection];
    changes.push({ setting: 'deletionProtection', from, to });
  }
  return changes;
}

export async function applySetting(
  calls: AwsCalls,
  region: string,
  { name, arn }: { readonly name: string; readonly arn: string },
  { setting, to }: SettingChange,
): Promise<void> {
  switch (setting) {
    case 'key': {
      const isOwn = to === 'default';
      await calls.send('dynamodb:UpdateTable', region, {
        TableName: name,
        SSESpecification: isOwn
          ? { Enabled: false }
          : { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: String(to) },
      });
      return;
    }
    case 'recoveryDays':
      await calls.send('dynamodb:UpdateContinuousBackups', region, {
        TableName: name,
        PointInTimeRecoverySpecification:
          to === 'off'
            ? { PointInTimeRecoveryEnabled: false }
            : { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: Number(to) },
      });
      return;
    case 'tags': {
      const tags = Object.entries(to as TableSettings['tags']).map(([Key, Value]) => ({ Key, Value }));
      await calls.send('dynamodb:TagResource', region, { ResourceArn: arn, Tags: tags });
      return;
    }
    case 'deletionProtection':
      await calls.send('dynamodb:UpdateTable', region, {
        TableName: name,
        DeletionProtectionEnabled: to === true,
      });
  }
}

/** Without those of AWS's own, which nobody can set. */
async function readTags(calls: AwsCalls, region: string, arn: string): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  let next: string | undefined;
  do {
    const input = { ResourceArn: arn, ...(next !== undefined && { NextToken: next }) };
    const page = await calls.send('dynamodb:ListTagsOfResource', region, input);
    for (const { Key = '', Value = '' } of page.Tags ?? []) if (!Key.startsWith('aws:')) tags[Key] = Value;
    next = page.NextToken;
  } while (next !== undefined);
  return tags;
}

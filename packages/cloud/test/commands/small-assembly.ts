/**
 * A cloud assembly as the CDK writes one, with two stacks that hold one of each thing that the commands look for. Its
 * manifest names the application first: the order must come from what depends on what.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Template } from '../../src/aws/assembly.ts';

export const ACCOUNT = '123456789012';
export const REGION = 'eu-west-1';
export const NETWORK = 'daybook-dev-eu-west-1-network';
export const APP = 'daybook-dev-eu-west-1-app';

export const networkTemplate: Template = {
  Resources: { Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.0.0.0/16' } } },
};

export const appTemplate: Template = {
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
      DeletionPolicy: 'Delete',
    },
    Queue: { Type: 'AWS::SQS::Queue' },
    Bucket: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain' },
    ApiLogs: { Type: 'AWS::Logs::LogGroup' },
    Api: {
      Type: 'AWS::Lambda::Function',
      Properties: { Description: 'Daybook: api', LoggingConfig: { LogGroup: { Ref: 'ApiLogs' } } },
    },
    Persister: { Type: 'AWS::Lambda::Function', Properties: { Description: 'Daybook: persister' } },
    Provider: { Type: 'AWS::Lambda::Function', Properties: { Description: 'of the CDK' } },
    Alarm: { Type: 'AWS::CloudWatch::Alarm' },
    Vault: { Type: 'AWS::Backup::BackupVault' },
    BackupRole: { Type: 'AWS::IAM::Role' },
    Selection: {
      Type: 'AWS::Backup::BackupSelection',
      Properties: { BackupSelection: { IamRoleArn: { 'Fn::GetAtt': ['BackupRole', 'Arn'] } } },
    },
  },
  Outputs: { Url: { Value: 'https://daybook.example.com/' } },
};

/** Without AWS Backup: what an environment has whose `store.backups` is off. */
export const withoutVault: Template = {
  ...appTemplate,
  Resources: Object.fromEntries(
    Object.entries(appTemplate.Resources ?? {}).filter(
      ([id]) => !['Vault', 'Selection', 'BackupRole'].includes(id),
    ),
  ),
};

export function writeSmallAssembly(directory: string, app: Template = appTemplate): void {
  mkdirSync(directory, { recursive: true });
  const manifest = {
    version: '55.0.0',
    artifacts: {
      [APP]: stack(APP, [NETWORK, `${APP}.assets`]),
      [NETWORK]: stack(NETWORK, [`${NETWORK}.assets`]),
      [`${APP}.assets`]: assets(APP),
      [`${NETWORK}.assets`]: assets(NETWORK),
    },
  };
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(directory, name), JSON.stringify(content));
  write('manifest.json', manifest);
  write(`${NETWORK}.template.json`, networkTemplate);
  write(`${APP}.template.json`, app);
  for (const id of [NETWORK, APP])
    write(`${id}.assets.json`, { version: '55.0.0', files: { '0': file(id) } });
}

/** The template itself is an asset. */
function file(id: string) {
  return {
    source: { path: `${id}.template.json`, packaging: 'file' },
    destinations: { current: { bucketName: 'assets', objectKey: '0.json' } },
  };
}

function assets(id: string) {
  return {
    type: 'cdk:asset-manifest',
    properties: { file: `${id}.assets.json`, requiresBootstrapStackVersion: 6 },
  };
}

function stack(id: string, dependencies: readonly string[]) {
  return {
    type: 'aws:cloudformation:stack',
    environment: `aws://${ACCOUNT}/${REGION}`,
    properties: { templateFile: `${id}.template.json`, stackName: id, requiresBootstrapStackVersion: 6 },
    dependencies,
    displayName: id,
  };
}

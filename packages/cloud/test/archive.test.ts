import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';

import { entrySchema } from '../../daybook/src/contract/schemas.ts';
import { parseSegmentName, segmentName } from '../../daybook/src/archive/segment.ts';
import { ArchiveBucket, RESULTS, SEGMENTS } from '../src/archive/archive-bucket.ts';
import { COLUMNS } from '../src/archive/archive-table.ts';
import { Archive } from '../src/archive/archive.ts';
import { removalPolicyOf } from '../src/stacks/removal-policy.ts';
import type { Given } from './support/small-application.ts';
import { deploymentOf, smallApplication, synthesise } from './support/small-application.ts';

function archived(given: Given) {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-archive-'));
  try {
    const bundle = join(directory, 'archive');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = () => undefined;\n');
    const application = smallApplication(deploymentOf(given));
    const { stack, deployment, parts } = application;
    const { bucket } = new ArchiveBucket(stack, 'ArchiveBucket', {
      key: parts.key,
      removalPolicy: removalPolicyOf(deployment),
    });
    const { node } = new Archive(stack, 'Archive', { ...parts, deployment, bucket, bundle });
    return synthesise({ stack: node.scope as Stack });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const { template } = archived({
  customerManagedKey: true,
  registers: { hooks: { access: 'open' }, visits: { access: 'open', retentionDays: 30 } },
});
const { template: passing } = archived({ onDestroy: 'delete' });

function tableOf(of: typeof template) {
  const [table] = Object.values(of.findResources('AWS::Glue::Table'));
  return table?.['Properties'].TableInput;
}

describe('the bucket of the archive', () => {
  it('keeps versions and the key, lets nobody in, and gets cheaper with age', () => {
    const buckets = Object.entries(template.findResources('AWS::S3::Bucket'));
    const [, bucket] = buckets.find(([id]) => id.startsWith('ArchiveBucket')) ?? assert.fail();
    const { Properties, DeletionPolicy } = bucket as {
      Properties: Record<string, unknown>;
      DeletionPolicy: string;
    };
    assert.equal(DeletionPolicy, 'Retain');
    assert.deepEqual(Properties['VersioningConfiguration'], { Status: 'Enabled' });
    assert.match(JSON.stringify(Properties['BucketEncryption']), /"SSEAlgorithm":"aws:kms"/);
    assert.deepEqual(Object.values(Properties['PublicAccessBlockConfiguration'] as object), [
      true,
      true,
      true,
      true,
    ]);
    const { Rules } = Properties['LifecycleConfiguration'] as { Rules: Record<string, unknown>[] };
    assert.deepEqual(Rules[0]?.['Transitions'], [
      { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
      { StorageClass: 'GLACIER_IR', TransitionInDays: 90 },
    ]);
    assert.equal(Rules[0]?.['Prefix'], SEGMENTS);
    assert.equal(Rules[0]?.['ExpirationInDays'], undefined);
    assert.equal(Rules[1]?.['Prefix'], RESULTS);
    assert.equal(Rules[1]?.['ExpirationInDays'], 7);
  });

  it('goes with what is in it where data goes', () => {
    passing.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    passing.hasResourceProperties('AWS::Athena::WorkGroup', { RecursiveDeleteOption: true });
  });
});

describe('the table of the archive', () => {
  it('has every member of an entry as a column, but for what is the same of all', () => {
    const members = Object.keys(entrySchema.shape);
    const given = [...COLUMNS.map(([, member]) => member), 'register', 'status', 'duplicateOf'];
    assert.deepEqual(given.toSorted(), members.toSorted());
    const { Columns, SerdeInfo } = tableOf(template).StorageDescriptor;
    for (const [column, member] of COLUMNS) {
      assert.match(column, /^[a-z][a-z_]*$/);
      assert.equal(SerdeInfo.Parameters[`mapping.${column}`], member);
    }
    assert.deepEqual(
      Columns.map(({ Name }: { Name: string }) => Name),
      COLUMNS.map(([column]) => column),
    );
  });

  it('finds the segments of a register and day by their names', () => {
    const { Parameters, PartitionKeys } = tableOf(template);
    const place = Parameters['storage.location.template']['Fn::Join'][1].at(-1);
    assert.equal(place, '/entries/${register}/${day}/');
    const name = {
      register: 'hooks',
      day: '2026-11-21',
      lane: 'eu-west-1',
      epoch: 'E',
      after: 0,
      through: 9,
    };
    assert.ok(segmentName(name).startsWith('entries/hooks/2026-11-21/'));
    assert.deepEqual(parseSegmentName(segmentName(name)), name);
    assert.deepEqual(
      PartitionKeys.map(({ Name }: { Name: string }) => Name),
      ['register', 'day'],
    );
  });

  it('has the registers that are kept for ever, and none that lets entries expire', () => {
    const names = tableOf(template).Parameters['projection.register.values'].split(',');
    assert.ok(names.includes('hooks') && names.includes('app'));
    for (const none of ['visits', 'keys']) assert.equal(names.includes(none), false, none);
  });
});

describe('the workgroup', () => {
  it('bounds what a query reads, and says where and how answers are kept', () => {
    template.hasResourceProperties('AWS::Athena::WorkGroup', {
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 10 * 1024 ** 3,
        ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_KMS' } },
      },
    });
  });
});

describe('the function', () => {
  it('reads the table and creates segments, and can neither change nor remove anything', () => {
    const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
    const [, policy] = policies.find(([id]) => id.startsWith('ArchiveFunction')) ?? assert.fail();
    const statements = policy['Properties'].PolicyDocument.Statement as {
      Effect: string;
      Action: string | string[];
    }[];
    const actions = statements
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action }) => Action)
      .filter((action) => /^(?:dynamodb|s3):/.test(action));
    assert.deepEqual(actions.toSorted(), [
      'dynamodb:BatchGetItem',
      'dynamodb:DescribeTable',
      'dynamodb:Query',
      's3:ListBucket',
      's3:PutObject',
    ]);
  });

  it('runs every hour, for as long as Lambda lets it', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 hour)' });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Daybook: archive',
      Timeout: 900,
      Environment: {
        Variables: { DAYBOOK_OBJECTS: Match.objectLike({ 'Fn::Join': Match.anyValue() }) },
      },
    });
  });
});

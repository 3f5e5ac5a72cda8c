/**
 * What a function or a tier may do with each part: the actions that Daybook's driver calls, on that one resource. Where
 * there is a key of one's own, also what the part's service does with it in its name, and only through that service.
 */
import type { CfnElement } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import {
  DYNAMODB_ACTIONS,
  DYNAMODB_READ_ACTIONS,
  SNS_ASK_ACTIONS,
  S3_BUCKET_ACTIONS,
  S3_CREATE_ACTIONS,
  S3_OBJECT_ACTIONS,
  SNS_SEND_ACTIONS,
  SQS_ASK_ACTIONS,
  SQS_RECEIVE_ACTIONS,
  SQS_SEND_ACTIONS,
} from 'daybook/deployment';

import { SEGMENTS } from '../archive/archive-bucket.ts';
import type { Parts } from '../parts.ts';
import type { RoleHolder } from './role-holder.ts';

type Key = Parts['key'];

/** "Amazon DynamoDB and AWS KMS": what a caller of an encrypted table needs. */
const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
const READ_TABLE_KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey'];
/** "Key management", Amazon SQS Developer Guide; "Using server-side encryption with AWS KMS keys", Amazon S3. */
const WRITE_KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'];
const READ_KEY_ACTIONS = ['kms:Decrypt'];

export function allowTable(to: RoleHolder, table: Parts['table'], key: Key): void {
  to.allow(DYNAMODB_ACTIONS, [table.tableArn]);
  allowKey(to, key, 'dynamodb', TABLE_KEY_ACTIONS);
}

export function allowTableRead(to: RoleHolder, table: Parts['table'], key: Key): void {
  to.allow(DYNAMODB_READ_ACTIONS, [table.tableArn]);
  allowKey(to, key, 'dynamodb', READ_TABLE_KEY_ACTIONS);
}

type Queues = NonNullable<Parts['queues']>;
type Queue = Queues['main'];

/** How it is and, where it stands behind a topic, whether it hears of it. */
export function allowAsk(to: RoleHolder, { main, topic }: Queues): void {
  to.allow(SQS_ASK_ACTIONS, [main.queueArn]);
  if (topic !== undefined) to.allow(SNS_ASK_ACTIONS, [topic.topicArn]);
}

export function allowSend(to: RoleHolder, queue: Queue, key: Key): void {
  to.allow(SQS_SEND_ACTIONS, [queue.queueArn]);
  allowKey(to, key, 'sqs', WRITE_KEY_ACTIONS);
}

/** Also what Lambda's event source calls with the function's role. */
export function allowReceive(to: RoleHolder, queue: Queue, key: Key): void {
  to.allow(SQS_RECEIVE_ACTIONS, [queue.queueArn]);
  allowKey(to, key, 'sqs', READ_KEY_ACTIONS);
}

export function allowPublish(to: RoleHolder, topic: NonNullable<Queues['topic']>, key: Key): void {
  to.allow(SNS_SEND_ACTIONS, [topic.topicArn]);
  allowKey(to, key, 'sns', WRITE_KEY_ACTIONS);
}

export function allowObjects(to: RoleHolder, { objects }: Parts['buckets'], key: Key): void {
  to.allow(S3_OBJECT_ACTIONS, [objects.arnForObjects('*')]);
  to.allow(S3_BUCKET_ACTIONS, [objects.bucketArn]);
  const bucketId = Stack.of(objects).getLogicalId(objects.node.defaultChild as CfnElement);
  to.because(`Resource::<${bucketId}.Arn>/*`, 'Dead letters are called by the ids of their entries.');
  allowKey(to, key, 's3', WRITE_KEY_ACTIONS);
}

/** Creating segments of the archive, and finding the last one. */
export function allowSegments(
  to: RoleHolder,
  bucket: NonNullable<Parts['buckets']['archive']>,
  key: Key,
): void {
  to.allow(S3_CREATE_ACTIONS, [bucket.arnForObjects(`${SEGMENTS}*`)]);
  to.allow(S3_BUCKET_ACTIONS, [bucket.bucketArn], { StringLike: { 's3:prefix': `${SEGMENTS}*` } });
  const bucketId = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement);
  to.because(`Resource::<${bucketId}.Arn>/${SEGMENTS}*`, 'Segments are called by what they hold.');
  allowKey(to, key, 's3', WRITE_KEY_ACTIONS);
}

export function allowKey(to: RoleHolder, key: Key, service: string, actions: readonly string[]): void {
  if (key === undefined) return;
  const { region } = Stack.of(to);
  to.allow(actions, [key.keyArn], {
    StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` },
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseObjectsUrl, parseQueueUrl, parseStoreUrl, withoutPassword } from './driver-urls.ts';
import { parseConfig } from './load.ts';

test('a store is a file or a PostgreSQL server', () => {
  assert.deepEqual(parseStoreUrl('sqlite:'), { driver: 'sqlite' });
  const url = 'postgres://someone:secret@db.example:5432/daybook?sslmode=verify-full';
  assert.deepEqual(parseStoreUrl(url), { driver: 'postgres', url });
});

test('what is no such store is not guessed at', () => {
  for (const text of [
    '',
    'sqlite',
    'sqlite:/elsewhere',
    'mysql://host/db',
    'postgres://host',
    'postgres:///db',
  ]) {
    assert.equal(parseStoreUrl(text), undefined, text);
  }
});

test('a store of DynamoDB is named by region and table, and made only on request', () => {
  const named = { driver: 'dynamodb', awsRegion: 'eu-west-1', table: 'entries' };
  assert.deepEqual(parseStoreUrl('dynamodb://eu-west-1/entries'), { ...named, createTable: false });
  assert.deepEqual(
    parseStoreUrl('dynamodb://eu-west-1/entries?endpoint=http://127.0.0.1:8000&createTable=on'),
    { ...named, endpoint: 'http://127.0.0.1:8000', createTable: true },
  );
  for (const text of [
    'dynamodb://entries',
    'dynamodb://eu-west-1',
    'dynamodb://eu-west-1/ab',
    'dynamodb://eu-west-1/entries/more',
    'dynamodb://here/entries',
    'dynamodb://key:secret@eu-west-1/entries',
    'dynamodb://eu-west-1:443/entries',
    'dynamodb://eu-west-1/entries?endpoint=127.0.0.1:8000',
    'dynamodb://eu-west-1/entries?createTable=yes',
    'dynamodb://eu-west-1/entries?createTable=on&createTable=off',
    'dynamodb://eu-west-1/entries?table=other',
  ]) {
    assert.equal(parseStoreUrl(text), undefined, text);
    assert.throws(
      () => parseConfig({ store: text }),
      (error: Error) =>
        error.message ===
        `store.url (DAYBOOK_STORE): expected sqlite:, postgres://user:password@host:port/database or dynamodb://aws-region/table, given ${JSON.stringify(text.replace(':secret@', ':…@'))}`,
    );
  }
});

test('a queue of SQS is named by region, account and name', () => {
  assert.deepEqual(parseQueueUrl('sqs://eu-west-1/123456789012/daybook'), {
    driver: 'sqs',
    awsRegion: 'eu-west-1',
    queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/daybook',
  });
  assert.deepEqual(parseQueueUrl('sqs://eu-west-1/123456789012/daybook?endpoint=http://127.0.0.1:4566/'), {
    driver: 'sqs',
    awsRegion: 'eu-west-1',
    queueUrl: 'http://127.0.0.1:4566/123456789012/daybook',
    endpoint: 'http://127.0.0.1:4566/',
  });
  const topic = 'arn:aws:sns:eu-west-1:123456789012:daybook';
  assert.deepEqual(
    parseQueueUrl(`sqs://eu-west-1/123456789012/daybook?topic=${topic}&topicMaxBytes=1048576`),
    {
      driver: 'sqs',
      awsRegion: 'eu-west-1',
      queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/daybook',
      topic: { arn: topic, maxBytes: 1_048_576 },
    },
  );
  const place = { driver: 'sqs', awsRegion: 'eu-west-1', endpoint: 'http://127.0.0.1:4566' };
  const url = 'sqs://eu-west-1/123456789012/daybook?endpoint=http://127.0.0.1:4566&crashed=behind';
  assert.deepEqual(parseQueueUrl(url), {
    ...place,
    queueUrl: 'http://127.0.0.1:4566/123456789012/daybook',
    crashed: { ...place, queueUrl: 'http://127.0.0.1:4566/123456789012/behind' },
  });
  for (const parameters of [
    'crashed=',
    'crashed=daybook',
    'crashed=another/queue',
    'topic=daybook',
    `topic=${topic}.fifo`,
    'topicMaxBytes=2048',
    `topic=${topic}&topicMaxBytes=1023`,
    `topic=${topic}&topicMaxBytes=1e4`,
    `topic=${topic}&topicMaxBytes=1048577`,
  ]) {
    const text = `sqs://eu-west-1/123456789012/daybook?${parameters}`;
    assert.equal(parseQueueUrl(text), undefined, text);
  }
  for (const text of ['sqs://eu-west-1/daybook', 'sqs://here/123456789012/daybook', 'nats://host', 'None']) {
    assert.equal(parseQueueUrl(text), undefined, text);
  }
});

test('object storage is a folder or a bucket', () => {
  assert.deepEqual(parseObjectsUrl('file:'), { driver: 'file' });
  assert.deepEqual(parseObjectsUrl('file:///var/lib/objects'), { driver: 'file', path: '/var/lib/objects' });
  assert.deepEqual(parseObjectsUrl('file:./objects'), { driver: 'file', path: './objects' });
  assert.deepEqual(parseObjectsUrl('s3://bucket/a/b?region=eu-west-1'), {
    driver: 's3',
    bucket: 'bucket',
    prefix: 'a/b/',
    awsRegion: 'eu-west-1',
  });
  for (const text of [
    's3://',
    's3://bucket',
    's3://Bucket/x?region=eu-west-1',
    's3://bucket//x?region=eu-west-1',
    'file://host/x',
    'gs://bucket',
  ]) {
    assert.equal(parseObjectsUrl(text), undefined, text);
  }
});

test('a password is shown to nobody', () => {
  assert.equal(
    withoutPassword('postgres://someone:se:cr@et@db:5432/x?sslmode=require'),
    'postgres://someone:…@db:5432/x?sslmode=require',
  );
  assert.equal(withoutPassword('postgres://db/x?password=secret&a=1'), 'postgres://db/x?password=…&a=1');
  assert.throws(
    () => parseConfig({ store: 'postgres://someone:secret@' }),
    (error: Error) =>
      error.message.startsWith('store.url (DAYBOOK_STORE): expected sqlite:') &&
      !error.message.includes('secret'),
  );
});

test('a driver is given as an object or as its URL alone', () => {
  const replicaUrl = 'postgres://replica/daybook';
  assert.equal(parseConfig({ queue: 'none' }).queue.url, 'none');
  const { store } = parseConfig({ store: { url: 'postgres://primary/daybook', replicaUrl } });
  assert.deepEqual(
    [store.url, store.replicaUrl, store.maxConnections],
    ['postgres://primary/daybook', replicaUrl, 10],
  );
  assert.throws(
    () => parseConfig({ store: { replicaUrl: 'sqlite:' } }),
    /^StartError: store\.replicaUrl \(DAYBOOK_STORE_REPLICA\): expected postgres/,
  );
  assert.throws(
    () => parseConfig({ roles: ['api', 'intake'] }),
    /roles \(DAYBOOK_ROLES\): expected a list of api, web, persister/,
  );
});

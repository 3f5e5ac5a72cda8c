/** The S3 driver under the conformance suite of object storage, and what only a network has. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { StartError } from '../../src/errors.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { createS3Objects } from '../../src/objects/s3/s3-objects.ts';
import type { OpenedObjects } from '../../src/testing/objects-conformance.ts';
import { testObjectsConformance } from '../../src/testing/objects-conformance.ts';
import type { Fauxqs } from '../support/fauxqs.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import type { StrictS3 } from '../support/strict-s3.ts';
import { startStrictS3 } from '../support/strict-s3.ts';

const BUCKET = 'daybook';
let fauxqs: Fauxqs;
let s3: StrictS3;
let prefixes = 0;

before(async () => {
  fauxqs = await startFauxqs({ persistent: false });
  s3 = await startStrictS3(fauxqs.endpoint);
  // Where the SDK looks for them first.
  process.env['AWS_ACCESS_KEY_ID'] = fauxqs.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = fauxqs.credentials.secretAccessKey;
  assert.equal((await fetch(`${fauxqs.endpoint}/${BUCKET}`, { method: 'PUT' })).status, 200);
});
after(async () => {
  await s3?.close();
  await fauxqs?.dispose();
});

function open(prefix: string, endpoint = s3.endpoint): Objects {
  return createS3Objects({ bucket: BUCKET, prefix, region: fauxqs.region, endpoint, forcePathStyle: true });
}

function openUnder(prefix: string): OpenedObjects {
  let objects = open(prefix);
  const opened: OpenedObjects = {
    get objects() {
      return objects;
    },
    async reopen() {
      await objects.close();
      objects = open(prefix);
      return opened;
    },
    async corrupt(name) {
      const address = `${fauxqs.endpoint}/${BUCKET}/${prefix}${name}`;
      const found = await fetch(address);
      const body = new Uint8Array(await found.arrayBuffer());
      body[0] = (body[0] ?? 0) ^ 1;
      const metadata = [...found.headers].filter(([header]) => header.startsWith('x-amz-meta-'));
      assert.equal((await fetch(address, { method: 'PUT', headers: metadata, body })).status, 200);
    },
    dispose: () => objects.close(),
  };
  return opened;
}

/** A place of its own in the bucket. */
function freshPrefix(): string {
  prefixes += 1;
  return `test/${prefixes}/`;
}

testObjectsConformance(test, async () => openUnder(freshPrefix()));

async function withObjects(use: (objects: Objects) => Promise<void>): Promise<void> {
  const objects = open(freshPrefix());
  try {
    // Its first create would do this too, and meet the faults.
    await objects.probe();
    await use(objects);
  } finally {
    await objects.close();
  }
}

test('one that creates and loses the answer is told that it was itself', () =>
  withObjects(async (objects) => {
    s3.meet('PUT', 'lose-answer');
    assert.equal(await objects.create('a', Buffer.from('mine')), true);
    s3.meet('PUT', 'lose-answer');
    assert.equal(await objects.create('a', Buffer.from('mine')), false);
  }));

test('throttles, broken connections and contended writes are gone through', () =>
  withObjects(async (objects) => {
    s3.meet('PUT', 'slow-down', 'break');
    assert.equal(await objects.create('a', Buffer.from('one')), true);
    s3.meet('PUT', 'contend', 'contend', 'contend');
    assert.equal(await objects.create('b', Buffer.from('two')), true);
    s3.meet('GET', 'break', 'slow-down');
    assert.equal(String(Buffer.from((await objects.read('a')) ?? [])), 'one');
    s3.meet('DELETE', 'lose-answer');
    await objects.remove('a');
    s3.meet('GET', 'slow-down');
    assert.deepEqual((await objects.list({ prefix: '', limit: 5 })).objects.length, 1);
  }));

test('an answer that was changed on its way is no object', () =>
  withObjects(async (objects) => {
    await objects.create('a', Buffer.from('as it was'));
    s3.meet('GET', 'flip');
    await assert.rejects(objects.read('a'), { name: 'ObjectsError', reason: 'corrupt' });
    assert.ok(await objects.read('a'));
  }));

test('a refusal says what was asked for and what S3 said', () =>
  withObjects(async (objects) => {
    s3.meet('PUT', 'deny');
    const failed = { name: 'ObjectsError', reason: 'unavailable', message: /create a\/b: AccessDenied/ };
    await assert.rejects(objects.create('a/b', Buffer.from('x')), failed);
    assert.equal(await objects.read('a/b'), undefined);
  }));

test('a bucket that is not there is unavailable, not empty', async () => {
  const objects = createS3Objects({
    bucket: 'nowhere',
    prefix: '',
    region: fauxqs.region,
    endpoint: s3.endpoint,
    forcePathStyle: true,
  });
  try {
    const failed = { name: 'ObjectsError', reason: 'unavailable', message: /NoSuchBucket/ };
    await assert.rejects(objects.read('a'), failed);
    await assert.rejects(objects.list({ prefix: '', limit: 1 }), failed);
    await assert.rejects(objects.probe(), failed);
  } finally {
    await objects.close();
  }
});

test('a storage that overwrites is found out, and not written to', async () => {
  const objects = open(freshPrefix(), fauxqs.endpoint);
  try {
    const refused = { name: 'ObjectsError', message: /honours If-None-Match/ };
    await assert.rejects(objects.create('a', Buffer.from('x')), refused);
    assert.equal(await objects.read('a'), undefined);
    await assert.rejects(objects.probe(), refused);
    assert.deepEqual((await objects.list({ prefix: '', limit: 1 })).objects, []);
  } finally {
    await objects.close();
  }
});

test('after an outage the same driver goes on', () =>
  withObjects(async (objects) => {
    await objects.create('a', Buffer.from('x'));
    s3.meet('PUT', 'break', 'break', 'break');
    await assert.rejects(objects.create('b', Buffer.from('y')), {
      name: 'ObjectsError',
      reason: 'unavailable',
    });
    await objects.probe();
    assert.equal(await objects.create('b', Buffer.from('y')), true);
  }));

test('what others keep in the bucket is not listed and ends no list', () =>
  withObjects(async (objects) => {
    const prefix = `test/${prefixes}/`;
    for (const name of ['!1', '!2', '!3', 'a b', 'x~'])
      await fetch(`${fauxqs.endpoint}/${BUCKET}/${prefix}${encodeURIComponent(name)}`, {
        method: 'PUT',
        body: 'x',
      });
    await objects.create('b', Buffer.from('x'));
    const { objects: page, more } = await objects.list({ prefix: '', limit: 1 });
    assert.deepEqual(
      page.map(({ name }) => name),
      ['b'],
    );
    if (more) assert.deepEqual((await objects.list({ prefix: '', after: 'b', limit: 9 })).objects, []);
  }));

/** Without asking anything of anybody. */
function opened(options: { bucket?: string; endpoint?: string } = {}): Objects {
  return createS3Objects({ bucket: BUCKET, prefix: '', region: 'eu-west-1', ...options });
}

test('the durability of another endpoint than Amazon’s is not believed', () => {
  const durabilityAt = (endpoint: string) => opened({ endpoint }).capabilities.durability;
  assert.equal(opened().capabilities.durability, 'replicated-fsync');
  assert.equal(durabilityAt('https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com'), 'replicated-fsync');
  assert.equal(durabilityAt('https://s3.amazonaws.com.example.org'), 'page-cache');
  assert.equal(durabilityAt('http://127.0.0.1:9000'), 'page-cache');
});

test('a directory bucket is refused, because it lists in no order', () => {
  assert.throws(() => opened({ bucket: 'fast--euw1-az1--x-s3' }), StartError);
});

/**
 * The archiver as a function, with a real table and a real bucket: what a query of the archive reads is what the table has.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { openS3 } from '../../src/aws-drivers.ts';
import { parseObjectsUrl } from '../../src/config/driver-urls.ts';
import type { Config } from '../../src/config/load.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createArchiveHandler, openArchiveParts } from '../../src/lambda/archive.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { archivedLines } from '../support/archived-lines.ts';
import { startSurroundings } from './queue-functions.ts';

const { enter } = await startSurroundings();

const HOUR_MS = 3_600_000;

function context(timeoutMs: number) {
  const endMs = performance.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => endMs - performance.now() };
}

async function bucketOf(config: Config): Promise<Objects> {
  const choice = parseObjectsUrl(config.objects.url);
  assert.ok(choice?.driver === 's3');
  const objects = await openS3(choice);
  after(() => objects.close());
  return objects;
}

test('an hour after the other, all registers are archived, each entry once and as reads show it', async () => {
  const { environment, store } = await enter();
  const config = await loadConfig({}, environment);
  const parts = await openArchiveParts(config);
  const objects = await bucketOf(config);
  const handler = createArchiveHandler(async () => parts);
  const next = createSource('archive');
  const payload = Buffer.from('{"n":12345678901234567890,"a":{"b":1}}');
  const made = Array.from({ length: 40 }, () => makeEntry({ payload, contentType: 'application/json' }));
  const epoch = makeEntry({ register: 'epoch' });

  await store.append(next(made.slice(0, 25)));
  await handler({}, context(HOUR_MS));
  await store.append(next([...made.slice(25), epoch]));
  await handler({}, context(HOUR_MS));
  await handler({}, context(HOUR_MS));

  const { app = [], epoch: ofEpoch = [], ...rest } = await archivedLines(objects);
  assert.deepEqual(rest, {});
  assert.deepEqual(
    app.map((line) => (line as { id: string }).id),
    made.map(({ id }) => id),
  );
  const [first] = app as { register: string; receivedAt: string; status: string; payload: { a: unknown } }[];
  assert.equal(first?.register, 'app');
  assert.match(first?.receivedAt ?? '', /^\d{4}-.+\.\d{6}Z$/);
  assert.deepEqual(first?.payload.a, { b: 1 });
  assert.equal(first?.status, 'stored');
  assert.equal(ofEpoch.length, 1);
});

test('a function whose time is over writes nothing by halves, and the next one goes on', async () => {
  const { environment, store } = await enter();
  const config = await loadConfig({}, environment);
  const parts = await openArchiveParts(config);
  const objects = await bucketOf(config);
  await store.append(createSource('short')([makeEntry(), makeEntry()]));
  const handler = createArchiveHandler(async () => parts);
  await handler({}, context(0));
  assert.deepEqual(await archivedLines(objects), {});
  await handler({}, context(HOUR_MS));
  assert.equal((await archivedLines(objects))['app']?.length, 2);
});

test('a register that fails keeps none of the others from the archive, and is an error of the function', async () => {
  const { environment, store } = await enter();
  const config = await loadConfig({}, environment);
  const parts = await openArchiveParts(config);
  const objects = await bucketOf(config);
  await store.append(createSource('fails')([makeEntry(), makeEntry({ register: 'epoch' })]));
  const handler = createArchiveHandler(async () => ({
    ...parts,
    archiverOf: (register) =>
      register.name === 'app'
        ? { archive: () => Promise.reject(new Error('out of reach')) }
        : parts.archiverOf(register),
  }));
  await assert.rejects(handler({}, context(HOUR_MS)), AggregateError);
  assert.deepEqual(Object.keys(await archivedLines(objects)), ['epoch']);
});

/**
 * Deliveries as real queues make them: twice, out of order, late, expired, with lost answers, for a newer program, not
 * what was sent. All of it is harmless: every entry is on record once, unchanged, and nothing dies of it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after, test } from 'node:test';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import type { Delivery } from '../../src/queue/queue.ts';
import { QueueError } from '../../src/queue/queue.ts';
import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import { StoreError } from '../../src/store/store.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { eventually } from '../support/eventually.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import type { RealParts } from './real-persister.ts';
import {
  assertOnRecord,
  createSender,
  letterIds,
  openParts,
  placesOf,
  sendBatch,
  startPersister,
  untilDrained,
} from './real-persister.ts';

const VISIBILITY_SECONDS = 1;
const fauxqs = await startFauxqs({ persistent: false });
const { endpoint, region, credentials } = fauxqs;
process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
const client = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
after(async () => {
  client.destroy();
  await fauxqs.dispose();
});

async function openSqs(t: TestContext): Promise<RealParts> {
  const Attributes = { VisibilityTimeout: String(VISIBILITY_SECONDS) };
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: randomUUID(), Attributes }),
  );
  const open = () => createSqsQueue({ queueUrl: QueueUrl, region, endpoint });
  return openParts(t, { queue: await open() });
}

function makeEntries(count: number): Entry[] {
  return Array.from({ length: count }, (_, n) => makeEntry({ payload: Buffer.from(`entry ${n}`) }));
}

async function assertAllStored(parts: RealParts, entries: readonly Entry[]): Promise<void> {
  await assertOnRecord(parts, entries);
  assert.deepEqual(await placesOf(parts), { accepted: entries.length, stored: entries.length });
  assert.deepEqual(await letterIds(parts), []);
}

for (const [driver, open] of [
  ['sqlite', openParts],
  ['sqs', openSqs],
] as const) {
  test(`${driver}: batches that come twice and out of order are stored once`, async (t) => {
    const parts = await open(t);
    const next = createSource('twice');
    const entries = makeEntries(60);
    const batches = [0, 10, 20, 30, 40, 50].map((start) => next(entries.slice(start, start + 10)));
    for (const batch of batches.toReversed()) await sendBatch(parts.queue, batch);
    startPersister(parts, { maxBatchEntries: 20 });
    for (const batch of batches) await sendBatch(parts.queue, batch);
    await untilDrained(parts);
    await assertAllStored(parts, entries);
  });

  test(`${driver}: a key that is held makes a link, or a dead letter, however often it comes`, async (t) => {
    const parts = await open(t);
    const [first, same, other] = [keyed('a-key', 1), keyed('a-key', 1), keyed('a-key', 2)];
    const next = createSource('keys');
    const batches = [[first], [same], [other]].map((entries) => next(entries));
    startPersister(parts);
    await sendBatch(parts.queue, batches[0] ?? next([]));
    await untilDrained(parts);
    for (const batch of [...batches, ...batches.toReversed()]) await sendBatch(parts.queue, batch);
    await untilDrained(parts);
    await assertOnRecord(parts, [first]);
    assert.deepEqual(await placesOf(parts), { accepted: 3, stored: 1, duplicate: 1, dead: 1 });
    assert.deepEqual(await letterIds(parts), [other.id]);
    assert.equal((await parts.letters.show(other.id))?.reason.code, 'idempotency-conflict');
  });

  test(`${driver}: answers of the store and of the queue that get lost change nothing`, async (t) => {
    const parts = await open(t);
    const { queue, store } = parts;
    const entries = makeEntries(30);
    let persists = 0;
    let acknowledgements = 0;
    const persister = startPersister(parts, {
      store: {
        async persist(batches) {
          persists += 1;
          const results = await store.persist(batches);
          if (persists % 2 === 1) throw new StoreError('unavailable', 'unknown', 'the answer got lost');
          return results;
        },
      },
      queue: {
        async acknowledge(deliveries) {
          acknowledgements += 1;
          // Lost on the way there, and on the way back.
          if (acknowledgements % 3 !== 1) await queue.acknowledge(deliveries);
          if (acknowledgements % 3 !== 0) throw new QueueError('unavailable', 'unknown', 'no answer came');
        },
      },
    });
    const send = createSender(parts, 'lost');
    for (const start of [0, 10, 20]) await send(entries.slice(start, start + 10));
    await untilDrained(parts);
    await assertAllStored(parts, entries);
    assert.equal(persister.status().counters.isolated, 0);
    assert.ok(persists > 1 && acknowledgements > 1);
  });

  test(`${driver}: an envelope of a newer program stays in the queue, and others pass it`, async (t) => {
    const parts = await open(t);
    const { queue } = parts;
    const [newer, ...entries] = makeEntries(11);
    assert.ok(newer !== undefined);
    const next = createSource('newer');
    const body = Buffer.from(encodeEnvelope({ batch: next([newer]) }));
    body.write('{"v":9');
    await queue.send({ body, entries: 1, oldestStamp: 1 });
    const persister = startPersister(parts);
    await sendBatch(queue, createSource('known')(entries));
    await untilDrained(parts, 1);
    await assertAllStored(parts, entries);
    assert.deepEqual(persister.status().state, 'running');
    await eventually('it was put back', async () => persister.status().inFlight.messages === 0);
    await persister.close();
    assert.equal((await queue.status()).messages, 1);
  });

  test(`${driver}: a message that is not what was sent becomes a raw dead letter, byte for byte`, async (t) => {
    const parts = await open(t);
    const { queue, letters } = parts;
    const [broken, ...entries] = makeEntries(11);
    assert.ok(broken !== undefined);
    const body = Buffer.from(encodeEnvelope({ batch: createSource('broken')([broken]) }));
    body[body.length - 1] = 0x00;
    // Twice: the same bytes are one letter.
    for (let time = 0; time < 2; time += 1) await queue.send({ body, entries: 1, oldestStamp: 1 });
    const persister = startPersister(parts);
    await sendBatch(queue, createSource('whole')(entries));
    await untilDrained(parts);
    await assertOnRecord(parts, entries);
    assert.deepEqual(await letterIds(parts), [rawIdOf(body)]);
    const letter = await letters.show(rawIdOf(body));
    assert.ok(letter !== undefined && 'bytes' in letter);
    assert.deepEqual(Buffer.from(letter.bytes, 'base64'), body);
    assert.equal(letter.reason.code, 'envelope-broken');
    assert.equal(persister.status().counters.broken, 2);
  });
}

test('sqs: a delivery that expires while it is stored is stored again elsewhere, and once on record', async (t) => {
  const parts = await openSqs(t);
  const { store } = parts;
  const entries = makeEntries(20);
  const held = Promise.withResolvers<void>();
  const acknowledged: Delivery[] = [];
  // It stands still for longer than its lease, as a process that is suspended does.
  const slow = startPersister(parts, {
    queue: {
      extend: async () => {},
      async acknowledge(deliveries) {
        acknowledged.push(...deliveries);
        await parts.queue.acknowledge(deliveries);
      },
    },
    store: {
      async persist(batches) {
        await held.promise;
        return store.persist(batches);
      },
    },
  });
  await createSender(parts, 'expires')(entries);
  await eventually('it is in its hands', async () => slow.status().inFlight.messages === 1);
  const closing = slow.close();

  const other = startPersister(parts);
  await untilDrained(parts);
  assert.equal(other.status().counters.stored, entries.length);
  assert.equal(acknowledged.length, 0);
  held.resolve();
  await closing;
  assert.equal(acknowledged.length, 1, 'it acknowledges late');
  await assertAllStored(parts, entries);
});

test('sqs: a delivery is extended for as long as the work on it takes', async (t) => {
  const parts = await openSqs(t);
  const { queue, store } = parts;
  const entries = makeEntries(5);
  let extended = 0;
  startPersister(parts, {
    queue: {
      async extend(deliveries) {
        await queue.extend(deliveries);
        extended += 1;
      },
    },
    store: {
      async persist(batches) {
        await eventually('it was extended for twice its lease', async () => extended >= 8);
        return store.persist(batches);
      },
    },
  });
  await createSender(parts, 'slow')(entries);
  await untilDrained(parts);
  await assertAllStored(parts, entries);
});

test('sqs: eight persisters on one queue store every entry once', async (t) => {
  const parts = await openSqs(t);
  const entries = makeEntries(400);
  const send = createSender(parts, 'shared');
  for (let index = 0; index < 8; index += 1) startPersister(parts, { maxBatchEntries: 25 });
  for (let start = 0; start < entries.length; start += 10) await send(entries.slice(start, start + 10));
  await untilDrained(parts);
  await assertAllStored(parts, entries);
});

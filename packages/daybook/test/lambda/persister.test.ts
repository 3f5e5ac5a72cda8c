/**
 * The persister as a function, with real messages, a real table and a real bucket: every entry is on record once or a
 * dead letter with its reason, whatever is delivered twice, late, out of order or with something unreadable beside it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SQSEvent } from 'aws-lambda';

import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { StartError } from '../../src/errors.ts';
import { openHandlerParts } from '../../src/lambda/handler-parts.ts';
import { createPersisterHandler } from '../../src/lambda/persister.ts';
import { parseConfig } from '../../src/config/load.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { letterIds, placesOf } from '../persister/real-persister.ts';
import type { Place } from './queue-functions.ts';
import { envelopeOf, startSurroundings } from './queue-functions.ts';

const { tables, enter } = await startSurroundings();

/** No item of a table is as large as that: "Quotas in Amazon DynamoDB". */
const POISON_BYTES = 450_000;

function makeEntries(count: number): Entry[] {
  return Array.from({ length: count }, (_, n) => makeEntry({ payload: Buffer.from(`entry ${n}`) }));
}

function makePoison(): Entry {
  return makeEntry({ payload: Buffer.alloc(POISON_BYTES, 'p') });
}

async function statusesOf({ store }: Place, entries: readonly Entry[]): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const { register, id } of entries) {
    const status = (await store.find(register, id))?.status ?? 'nowhere';
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

/** The same messages delivered once more. */
function again({ Records }: SQSEvent, receives: number): SQSEvent {
  return {
    Records: Records.map((record) => ({
      ...record,
      attributes: { ...record.attributes, ApproximateReceiveCount: String(receives) },
    })),
  };
}

test('a thousand entries with poison among them, delivered twice, in one event and later, and out of order', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, told, store } = place;
  const next = createSource('thousand');
  const entries = makeEntries(1_000);
  const poison = [3, 250, 777].map((index) => {
    const one = makePoison();
    entries[index] = one;
    return one;
  });
  const batches = Array.from({ length: 20 }, (_, n) => envelopeOf(next(entries.slice(n * 50, n * 50 + 50))));
  await send(...batches.toReversed());
  await send(...batches.slice(0, 5));
  const handler = createPersisterHandler(openParts());
  const seen: SQSEvent[] = [];
  while ((await left()) > 0) {
    const event = await receive();
    seen.push(event);
    // The first of them is in the event twice.
    const twice = { Records: [...event.Records, ...event.Records.slice(0, 1)] };
    assert.deepEqual(await invoke(handler, twice), []);
  }
  for (const event of seen.toReversed()) assert.deepEqual(await invoke(handler, again(event, 2)), []);

  assert.deepEqual((await letterIds(place)).toSorted(), poison.map(({ id }) => id).toSorted());
  assert.deepEqual(await placesOf(place), { accepted: 1_000, stored: 997, dead: 3 });
  assert.deepEqual(await statusesOf(place, poison), { dead: 3 });
  assert.deepEqual(await store.missingBatches(), []);
  const letter = await place.letters.show(poison[0]?.id ?? '');
  assert.deepEqual([letter?.reason.code, letter?.attempts], ['rejected', 1]);
  const dead = told.reduce((sum, { DeadEntries = 0 }) => sum + DeadEntries, 0);
  assert.ok(dead >= 3 && told.every(({ SystemicHalts }) => SystemicHalts === 0), JSON.stringify(told));
});

test('a store that is away fails everything and counts nothing; what comes then is stored, nothing is dead', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, told, putBack } = place;
  const next = createSource('away');
  const entries = makeEntries(30);
  await send(...[0, 10, 20].map((start) => envelopeOf(next(entries.slice(start, start + 10)))));
  const handler = createPersisterHandler(openParts());
  const event = await receive();
  const all = event.Records.map(({ messageId }) => messageId);
  assert.equal(all.length, 3);
  try {
    tables.proxy.treat = () => 'drop';
    // The first knows of no trouble, and each further one asks the store once before it tries.
    for (const receives of [1, 2, 50]) {
      assert.deepEqual(await invoke(handler, again(event, receives), 40_000), all);
    }
  } finally {
    tables.proxy.treat = () => 'pass';
  }
  const [first = 0, second = 0, late = 0] = putBack.map(({ delayMs }) => delayMs);
  assert.deepEqual(
    putBack.map(({ deliveries }) => deliveries),
    [3, 3, 3],
  );
  assert.ok(first >= 15_000 && first <= 30_000 && second >= 30_000 && second <= 60_000, `${first} ${second}`);
  assert.ok(late >= 1_800_000 && late <= 3_600_000, `${late}`);
  assert.deepEqual(
    told.map(({ SystemicHalts }) => SystemicHalts),
    [1, 1, 1],
  );
  assert.deepEqual(await letterIds(place), []);
  assert.equal(await left(), 3);

  assert.deepEqual(await invoke(handler, again(event, 51)), []);
  assert.equal(await left(), 0);
  assert.deepEqual(await placesOf(place), { accepted: 30, stored: 30 });
  assert.deepEqual(told.at(-1), { StoredEntries: 30, DeadEntries: 0, SystemicHalts: 0 });
});

test('the answer names exactly what was not done: too early, for a newer program; what is unreadable is kept', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, letters } = place;
  const next = createSource('mixed');
  const [sound, early, newer, broken] = [makeEntries(5), makeEntries(1), makeEntries(1), makeEntries(1)];
  const newerBody = Buffer.from(envelopeOf(next(newer)));
  newerBody.write('{"v":9');
  const brokenBody = Buffer.from(envelopeOf(next(broken)));
  brokenBody[brokenBody.length - 1] = 0;
  const inAnHour = (Date.now() + 3_600_000) * 1000;
  const retry = { attempts: 2, notBefore: inAnHour, firstFailedAt: 1, firstReason: 'a riddle' };
  const earlyBody = encodeEnvelope({ batch: next(early), retry });
  await send(newerBody, envelopeOf(next(sound)), earlyBody, brokenBody);
  const event = await receive();
  const failed = await invoke(createPersisterHandler(openParts()), event);
  const waiting = event.Records.filter(({ body }) =>
    [newerBody, earlyBody].some((one) => Buffer.from(one).toString('base64') === body),
  );
  assert.deepEqual(failed.toSorted(), waiting.map(({ messageId }) => messageId).toSorted());
  assert.equal(await left(), 2);
  assert.deepEqual(await statusesOf(place, [...sound, ...early, ...newer]), { stored: 5, nowhere: 2 });
  assert.deepEqual(await letterIds(place), [rawIdOf(brokenBody)]);
  const letter = await letters.show(rawIdOf(brokenBody));
  assert.ok(letter !== undefined && 'bytes' in letter);
  assert.deepEqual(Buffer.from(letter.bytes, 'base64'), brokenBody);
});

test('what the store does not explain goes back to the queue alone, and the rest is done', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left } = place;
  const entries = makeEntries(3);
  const [riddle] = entries;
  await send(envelopeOf(createSource('riddle')(entries)));
  const handler = createPersisterHandler(
    openParts({
      store: async () => ({
        ...place.store,
        async persist(batches) {
          const tried = batches.some(({ batch, leftOut }) =>
            batch.entries.some(
              (entry, index) => entry.id === riddle?.id && !leftOut.some((out) => out.index === index),
            ),
          );
          if (tried) throw new Error('a riddle');
          return place.store.persist(batches);
        },
      }),
    }),
  );
  assert.deepEqual(await invoke(handler, await receive()), []);
  assert.equal(await left(), 0, 'it is delayed');
  assert.deepEqual(await placesOf(place), { accepted: 3, stored: 2, retrying: 1 });
  assert.deepEqual(await letterIds(place), []);
});

test('a function that runs out of time answers before its end, and what it does late is no acknowledgement', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, store } = place;
  const entries = makeEntries(4);
  await send(envelopeOf(createSource('slow')(entries)));
  const held = Promise.withResolvers<void>();
  const slow = {
    ...store,
    persist: async (...given: Parameters<typeof store.persist>) => (
      await held.promise,
      store.persist(...given)
    ),
  };
  const event = await receive();
  const handler = createPersisterHandler(openParts({ store: async () => slow }));
  const failed = await invoke(handler, event, 1_500);
  assert.deepEqual(
    failed,
    event.Records.map(({ messageId }) => messageId),
  );
  held.resolve();
  assert.deepEqual(await invoke(handler, again(event, 2)), []);
  assert.deepEqual(await placesOf(place), { accepted: 4, stored: 4 });
});

test('a configuration that loses entries stops every invocation, loudly', async () => {
  const { environment } = await enter();
  const { DAYBOOK_STORE: store, DAYBOOK_QUEUE: queue, DAYBOOK_OBJECTS: objects } = environment;
  for (const [given, expected] of [
    [{ store: 'sqlite:', queue, objects }, /DAYBOOK_STORE.*dynamodb/],
    [{ store, queue: 'none', objects }, /DAYBOOK_QUEUE.*sqs/],
    [{ store, queue, objects: 'file:' }, /DAYBOOK_OBJECTS.*s3/],
  ] as const) {
    const handler = createPersisterHandler(() => openHandlerParts('persister', parseConfig(given)));
    const invoked = handler({ Records: [] }, { getRemainingTimeInMillis: () => 10_000 });
    await assert.rejects(invoked, (error) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, expected);
      return true;
    });
  }
});

/**
 * The last resort for messages that crashed the persister, with a real queue, table and bucket: what can be stored is,
 * what cannot is a dead letter on which `daybook dead-letters` works, and nothing is deleted before it has its place.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SQSEvent } from 'aws-lambda';

import type { Entry } from '../../src/entry.ts';
import type { HandlerParts } from '../../src/lambda/handler-parts.ts';
import { createDeadLettersHandler } from '../../src/lambda/dead-letters.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { StoreError } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { runCli } from '../cli/run-cli.ts';
import { letterIds, placesOf } from '../persister/real-persister.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { envelopeOf, startSurroundings } from './queue-functions.ts';

const { tables, enter } = await startSurroundings();

const CODES = { poison: 'rejected', riddle: 'unexpected' } as const;

/** A store that does not take certain payloads. */
function poisoned(store: Store, onPersist: () => void = () => undefined): Partial<HandlerParts> {
  return {
    store: async () => ({
      ...store,
      async persist(batches) {
        onPersist();
        for (const { batch, leftOut } of batches) {
          for (const [index, { payload }] of batch.entries.entries()) {
            const code = CODES[Buffer.from(payload ?? []).toString() as keyof typeof CODES];
            const isLeftOut = leftOut.some((out) => out.index === index);
            if (code !== undefined && !isLeftOut)
              throw new StoreError(code, 'not-written', 'it does not go in');
          }
        }
        return store.persist(batches);
      },
    }),
  };
}

function makeEntries(...payloads: string[]): Entry[] {
  return payloads.map((payload) => makeEntry({ payload: Buffer.from(payload), contentType: 'text/plain' }));
}

/** As SQS counts: of the queue that they came from as well. */
function moved({ Records }: SQSEvent): SQSEvent {
  return {
    Records: Records.map((record) => ({
      ...record,
      attributes: { ...record.attributes, ApproximateReceiveCount: '1001' },
    })),
  };
}

test('what crashed the persister is unpacked: stored, or dead letters on which the command line works', async (t) => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, environment, store, told } = place;
  const sound = Array.from({ length: 60 }, (_, n) => `sound ${n}`);
  const entries = makeEntries(...sound.slice(0, 30), 'poison', ...sound.slice(30), 'riddle');
  const [poison, riddle] = [entries[30]?.id ?? '', entries[61]?.id ?? ''];
  const unreadable = Buffer.from('nobody knows what this is');
  await send(envelopeOf(createSource('crashed')(entries)), unreadable);
  const handler = createDeadLettersHandler(openParts(poisoned(store)));
  assert.deepEqual(await invoke(handler, moved(await receive())), []);
  assert.equal(await left(), 0);
  const raw = rawIdOf(unreadable);
  assert.deepEqual((await letterIds(place)).toSorted(), [poison, raw, riddle].toSorted());
  assert.deepEqual(await placesOf(place), { accepted: 62, stored: 60, dead: 2 });
  assert.deepEqual(told.at(-1), { StoredEntries: 60, DeadEntries: 3, SystemicHalts: 0 });

  const server = await startDaybook({
    env: { ...environment, DAYBOOK_LOG_LEVEL: 'info', DAYBOOK_ROLES: 'api' },
  });
  assert.ok(server.started, server.stderr());
  t.after(() => server.stop());
  const env = { DAYBOOK_URL: server.address, DAYBOOK_API_KEY: await server.adminKey() };
  const run = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await runCli(['dead-letters', ...args], { env });
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  const listed = await run('list');
  for (const [id, code] of [
    [poison, 'rejected'],
    [riddle, 'unexpected'],
    [raw, 'envelope-broken'],
  ] as const)
    assert.match(listed, new RegExp(`${id} .*${code}`));
  assert.match(await run('show', poison), /poison/);
  const letter = await place.letters.show(poison);
  for (const at of [letter?.firstFailedAt, letter?.lastFailedAt])
    assert.match(at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  // The server's own connection to the table takes everything.
  await run('replay', poison, '--yes');
  await run('discard', riddle, '--yes');
  await run('discard', raw, '--yes');
  assert.deepEqual(await letterIds(place), []);
  const [replayed, discarded] = [await store.find('app', poison), await store.find('app', riddle)];
  assert.deepEqual([replayed?.status, discarded?.status], ['stored', 'discarded']);
});

test('while the store is away everything stays, and no letter is written', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, told } = place;
  await send(envelopeOf(createSource('waits')(makeEntries('one', 'two'))), Buffer.from('unreadable'));
  const handler = createDeadLettersHandler(openParts());
  const event = moved(await receive());
  try {
    tables.proxy.treat = () => 'drop';
    const failed = await invoke(handler, event, 40_000);
    assert.equal(failed.length, 2);
  } finally {
    tables.proxy.treat = () => 'pass';
  }
  assert.deepEqual(await letterIds(place), []);
  assert.deepEqual(told.at(-1), { StoredEntries: 0, DeadEntries: 0, SystemicHalts: 1 });
  assert.deepEqual(await invoke(handler, event), []);
  assert.equal(await left(), 0);
  assert.deepEqual(await placesOf(place), { accepted: 2, stored: 2 });
});

test('a store that goes away in the midst leaves the message, and no net', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, store } = place;
  const entries = makeEntries(...Array.from({ length: 50 }, (_, n) => `entry ${n}`));
  await send(envelopeOf(createSource('midst')(entries)));
  let persists = 0;
  const away: Partial<HandlerParts> = {
    store: async () => ({
      ...store,
      async persist(batches) {
        persists += 1;
        if (persists === 2) throw new StoreError('unavailable', 'unknown', 'it went away');
        return store.persist(batches);
      },
    }),
  };
  const event = moved(await receive());
  const handler = createDeadLettersHandler(openParts(away));
  assert.equal((await invoke(handler, event)).length, 1);
  assert.deepEqual(await letterIds(place), []);
  assert.deepEqual(await invoke(handler, event), []);
  assert.deepEqual(await placesOf(place), { accepted: 50, stored: 50 });
});

test('a message that ends this function as well is tried once, and kept whole', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left, letters, store, told } = place;
  const body = envelopeOf(createSource('deadly')(makeEntries('one', 'two')));
  await send(body);
  const event = moved(await receive());
  const never = { ...store, persist: () => new Promise<never>(() => undefined) };
  // Its time is over, as that of a process that is killed: the net stays.
  const deadly = createDeadLettersHandler(openParts({ store: async () => never }));
  assert.equal((await invoke(deadly, event, 1_000)).length, 1);
  assert.deepEqual(await letterIds(place), [rawIdOf(body)]);

  const soon = createDeadLettersHandler(openParts());
  assert.equal((await invoke(soon, event)).length, 1, 'somebody may be at work on it');
  const later = createDeadLettersHandler(
    openParts({ queueOf: async (arn) => withVisibility(await openParts()(), arn) }),
  );
  assert.deepEqual(await invoke(later, event), []);
  assert.equal(await left(), 0);
  assert.deepEqual(told.at(-1), { StoredEntries: 0, DeadEntries: 1, SystemicHalts: 0 });
  const letter = await letters.show(rawIdOf(body));
  assert.ok(letter !== undefined && 'bytes' in letter);
  assert.deepEqual(Buffer.from(letter.bytes, 'base64'), Buffer.from(body));
  assert.equal(letter.reason.code, 'persister-crashed');
  assert.deepEqual(await letters.replay(letter.id), { outcome: 'stored' });
  assert.deepEqual(await placesOf(place), { accepted: 2, stored: 2 });
  assert.deepEqual(await letterIds(place), []);
});

/** The same queue, whose deliveries come again at once. */
async function withVisibility({ queueOf }: HandlerParts, arn: string) {
  const queue = await queueOf(arn);
  return { ...queue, capabilities: { ...queue.capabilities, visibilityMs: 0 } };
}

test('a message for a newer program waits, and what is deleted has always its place', async () => {
  const place = await enter();
  const { openParts, send, receive, invoke, left } = place;
  const body = Buffer.from(envelopeOf(createSource('newer')(makeEntries('one'))));
  body.write('{"v":9');
  await send(body);
  const handler = createDeadLettersHandler(openParts());
  assert.equal((await invoke(handler, moved(await receive()))).length, 1);
  assert.equal(await left(), 1);
  assert.deepEqual(await letterIds(place), []);
});

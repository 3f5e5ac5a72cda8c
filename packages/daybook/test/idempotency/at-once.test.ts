/**
 * Fifty clients with one key at the same moment, before every store with and without a queue; where servers can share a
 * store they come to two of them, so that nothing but the store itself can tell which is the first.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import type { EntryPage } from '../../src/contract/messages.ts';
import type { Drivers } from '../pairs/drivers.ts';
import { startDrivers, STORES } from '../pairs/drivers.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { hasJava } from '../support/dynamodb-local.ts';

const CLIENTS = 50;
// However slow the machine is: a keyed write that gave the store up would be queued.
const LIMITS = { keyedStoreMs: 30_000, answerWithinMs: 60_000 };

let drivers: Drivers;
before(async () => {
  drivers = await startDrivers();
});
after(() => drivers?.close());

interface Answered {
  readonly status: number;
  readonly id?: string;
  readonly duplicate?: boolean;
  readonly code?: string;
}

async function send({ address }: Service, key: string, body: string): Promise<Answered> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const response = await fetch(`${address}/app`, { method: 'POST', headers, body });
  return { ...((await response.json()) as Answered), status: response.status };
}

/** Answers of as many clients at once, spread over the servers. */
function atOnce(
  servers: readonly Service[],
  key: string,
  bodyOf: (client: number) => string,
): Promise<Answered[]> {
  return Promise.all(
    Array.from({ length: CLIENTS }, (_, client) =>
      send(servers[client % servers.length] as Service, key, bodyOf(client)),
    ),
  );
}

async function entriesOf({ address }: Service, key: string): Promise<EntryPage['entries']> {
  const { entries } = (await (await fetch(`${address}/app?limit=1000`)).json()) as EntryPage;
  return entries.filter(({ idempotencyKey }) => idempotencyKey === key);
}

const is = (status: number) => (answer: Answered) => answer.status === status;

for (const store of STORES) {
  for (const queue of ['none', 'sqlite'] as const) {
    const skip = store === 'dynamodb' && !hasJava && 'DynamoDB Local needs Java';
    test(`fifty at once, queue ${queue}, store ${store}`, { skip }, async (t) => {
      const servers: Service[] = [];
      const url = await drivers.storeUrl(store);
      for (let made = 0; made < (store === 'sqlite' ? 1 : 2); made += 1) {
        const settings = { url: await drivers.queueUrl(queue), allowEphemeral: true };
        servers.push(await startService({ store: url, queue: settings, limits: LIMITS }));
      }

      await t.test(
        'of the same payload one is the first, the others are duplicates or come too early',
        async () => {
          const key = 'the-same-payload-at-once';
          const answers = await atOnce(servers, key, () => '{"same":true}');
          const first = answers.filter(({ duplicate }) => duplicate === false);
          assert.equal(first.length, 1);
          for (const answer of answers) {
            if (answer.status === 409) assert.equal(answer.code, 'KEY_IN_FLIGHT');
            else assert.deepEqual([answer.status, answer.id], [201, first[0]?.id]);
          }
          assert.deepEqual(
            (await entriesOf(servers[0] as Service, key)).map(({ id }) => id),
            [first[0]?.id],
          );
        },
      );

      await t.test(
        'of as many payloads one is stored, the others are in conflict or come too early',
        async () => {
          const key = 'other-payloads-at-once';
          const answers = await atOnce(servers, key, (client) => JSON.stringify({ client }));
          assert.equal(answers.filter(is(201)).length, 1);
          const others = answers.filter((answer) => answer.status !== 201);
          for (const { code } of others) assert.match(code ?? '', /^(?:KEY_IN_FLIGHT|KEY_REUSED)$/);
          const first = answers.findIndex(is(201));
          const entries = await entriesOf(servers[0] as Service, key);
          assert.deepEqual(
            entries.map(({ id, payload }) => [id, payload]),
            [[answers[first]?.id, { client: first }]],
          );
        },
      );
      for (const server of servers) await server.close();
    });
  }
}

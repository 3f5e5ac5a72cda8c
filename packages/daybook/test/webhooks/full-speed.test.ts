/**
 * Real input at full speed: many connections post webhooks for some seconds while two tails follow. What the tails saw
 * is then held against what was acknowledged.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { WebhookDelivery } from '../../../../examples/webhook-deliveries.ts';
import { webhookDeliveries } from '../../../../examples/webhook-deliveries.ts';
import { assertLedgerBalances } from '../support/audit.ts';
import { openConnection } from '../support/exchange.ts';
import { followByLongPoll, followEvents } from './tails.ts';
import { postWebhook, startWebhookServer } from './webhook-server.ts';

const CONNECTIONS = 24;
const LOAD_MS = 3_000;

const webhooks = webhookDeliveries();
const bodies = new Map(webhooks.map(({ delivery, body }) => [delivery, body]));

/** Every webhook over and over, each time as a new delivery. */
function* endlessDeliveries(): Generator<WebhookDelivery, never> {
  for (let round = 1; ; round += 1) {
    for (const webhook of webhooks) yield { ...webhook, delivery: `${webhook.delivery}/${round}` };
  }
}

/** Posts over all connections until the time is over. @returns the ids that were acknowledged. */
async function postAtFullSpeed(address: string): Promise<string[]> {
  const deliveries = endlessDeliveries();
  const acknowledged: string[] = [];
  const end = performance.now() + LOAD_MS;
  async function work(): Promise<void> {
    const connection = openConnection(address);
    try {
      while (performance.now() < end) {
        const { id, duplicate } = await postWebhook(connection, deliveries.next().value);
        assert.equal(duplicate, false);
        acknowledged.push(id);
      }
    } finally {
      connection.close();
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return acknowledged;
}

/** Keeps the ids that a tail sees, and every entry that does not hold what was sent under its delivery id. */
function createWitness() {
  const ids: string[] = [];
  const changed: string[] = [];
  let awaited: { id: string; resolve: () => void } | undefined;
  return {
    ids,
    changed,
    see(json: string): void {
      const id = json.slice(7, 43);
      const delivery = /"x-github-delivery":"([0-9a-f-]{36})\//.exec(json)?.[1] ?? '';
      if (!json.endsWith(`"payload":${bodies.get(delivery)},"status":"stored"}`))
        changed.push(json.slice(0, 300));
      ids.push(id);
      if (awaited?.id === id) awaited.resolve();
    },
    /** Resolves when it has seen this id. */
    async sees(id: string): Promise<void> {
      if (ids.includes(id)) return;
      await new Promise<void>((resolve) => (awaited = { id, resolve }));
    },
  };
}

test('tails that follow webhooks at full speed see every acknowledged one once, in stored order', async (t) => {
  const server = await startWebhookServer();
  const byEvents = createWitness();
  const byPolls = createWitness();
  const events = followEvents(server.address, 'from=now', byEvents.see);
  const polls = followByLongPoll(server.address, 'from=now&wait=0', byPolls.see);
  try {
    await Promise.all([events.started, polls.started]);
    const acknowledged = await postAtFullSpeed(server.address);

    const connection = openConnection(server.address);
    const last = await postWebhook(connection, lastDelivery()).finally(() => connection.close());
    const broken = Promise.all([events.ended, polls.ended]);
    await Promise.race([broken, Promise.all([byEvents.sees(last.id), byPolls.sees(last.id)])]);

    // One process stamps and stores in one order, so stored order is the order of the ids.
    const expected = [...acknowledged, last.id].toSorted();
    t.diagnostic(`${expected.length} webhooks over ${CONNECTIONS} connections in ${LOAD_MS / 1000} s`);
    assert.ok(expected.length > webhooks.length, `${expected.length} is no load`);
    assert.deepEqual(byEvents.ids, expected);
    assert.deepEqual(byPolls.ids, expected);
    assert.deepEqual([...byEvents.changed, ...byPolls.changed], []);
    await assertLedgerBalances(server, expected.length);
  } finally {
    events.stop();
    polls.stop();
    await polls.ended;
    await server.stop();
  }
});

/** Sent when the load is over: whoever has seen it has seen everything. */
function lastDelivery(): WebhookDelivery {
  const [first] = webhooks as [WebhookDelivery];
  return { ...first, delivery: `${first.delivery}/end` };
}

/**
 * Real input: hundreds of webhook bodies of GitHub, posted, redelivered, and read back by every way there is.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { webhookDeliveries } from '../../../../examples/webhook-deliveries.ts';
import type { EntryPage, EntryView, Receipt } from '../../src/contract/messages.ts';
import { assertLedgerBalances } from '../support/audit.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { parseCsv } from './csv.ts';
import { readEvents } from './tails.ts';
import { postWebhooks, startWebhookServer } from './webhook-server.ts';

const PAGE_LIMIT = 50;

const webhooks = webhookDeliveries();

describe('real GitHub webhooks', () => {
  let server: StartedDaybook;
  let receipts: Receipt[];
  /** Webhook and receipt, oldest entry first. */
  let recorded: { webhook: (typeof webhooks)[number]; receipt: Receipt }[];

  before(async () => {
    server = await startWebhookServer();
    receipts = await postWebhooks(server.address, webhooks);
    recorded = webhooks
      .map((webhook, index) => ({ webhook, receipt: receipts[index] as Receipt }))
      .toSorted((a, b) => (a.receipt.id < b.receipt.id ? -1 : 1));
  });
  after(() => server.stop());

  test('are hundreds of different deliveries of many types', () => {
    assert.ok(webhooks.length >= 300, String(webhooks.length));
    assert.equal(new Set(webhooks.map(({ delivery }) => delivery)).size, webhooks.length);
    assert.ok(new Set(webhooks.map(({ event }) => event)).size >= 50);
  });

  test('are each stored as an entry of their own', () => {
    assert.deepEqual(
      receipts.filter(({ duplicate }) => duplicate !== false),
      [],
    );
    assert.equal(new Set(receipts.map(({ id }) => id)).size, webhooks.length);
  });

  test('are recognised when they are delivered again, with the entry of the first delivery', async () => {
    const again = await postWebhooks(server.address, webhooks);
    const expected = receipts.map((receipt) => ({ ...receipt, duplicate: true }));
    assert.deepEqual(again, expected);
  });

  test('are refused under the delivery id of another webhook', async () => {
    const [one, other] = webhooks;
    assert.ok(one !== undefined && other !== undefined);
    await assert.rejects(postWebhooks(server.address, [{ ...other, delivery: one.delivery }]), /KEY_REUSED/);
  });

  test('have the same bytes as payload that were posted', async () => {
    for (const { webhook, receipt } of recorded) {
      const answer = await fetch(`${server.address}/webhooks/${receipt.id}/payload`);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.from(webhook.body));
    }
  });

  test('are all in the pages of the list, newest first, with event and delivery id', async () => {
    const found: EntryView[] = [];
    let path: string | undefined = `/webhooks?limit=${PAGE_LIMIT}`;
    while (path !== undefined) {
      const answer = await fetch(server.address + path);
      const page = (await answer.json()) as EntryPage;
      assert.ok(page.entries.length > 0 && page.entries.length <= PAGE_LIMIT);
      found.push(...page.entries);
      path = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      assert.equal(path === undefined, page.nextCursor === null);
    }
    const expected = recorded.map(({ webhook, receipt }) => ({
      id: receipt.id,
      receivedAt: receipt.receivedAt,
      headers: { 'x-github-event': webhook.event, 'x-github-delivery': webhook.delivery },
      idempotencyKey: webhook.delivery,
      payload: JSON.parse(webhook.body) as unknown,
    }));
    assert.deepEqual(
      found.map(({ id, receivedAt, headers, idempotencyKey, payload }) => ({
        id,
        receivedAt,
        headers,
        idempotencyKey,
        payload,
      })),
      expected.toReversed(),
    );
  });

  test('are in a tail from the start once each, in stored order', async () => {
    const seen = await readEvents(server.address, 'from=start', webhooks.length);
    assert.deepEqual(
      seen.map(({ json }) => (JSON.parse(json) as EntryView).id),
      recorded.map(({ receipt }) => receipt.id),
    );
    for (const [index, { webhook }] of recorded.entries())
      assert.ok(seen[index]?.json.endsWith(`"payload":${webhook.body},"status":"stored"}`));
  });

  test('continue behind any event of a tail, by its id', async () => {
    const half = Math.floor(webhooks.length / 2);
    const first = await readEvents(server.address, 'from=start', half);
    const cursor = first[half - 1]?.cursor ?? '';
    const rest = await readEvents(server.address, `cursor=${cursor}`, webhooks.length - half);
    assert.deepEqual(
      rest.map(({ json }) => (JSON.parse(json) as EntryView).id),
      recorded.slice(half).map(({ receipt }) => receipt.id),
    );
  });

  test('are exported as NDJSON, oldest first, with their payloads as they were sent', async () => {
    const answer = await fetch(`${server.address}/webhooks?format=ndjson&order=asc`);
    const lines = (await answer.text()).split('\n');
    assert.equal(lines.pop(), '');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as EntryView).id),
      recorded.map(({ receipt }) => receipt.id),
    );
    for (const [index, { webhook }] of recorded.entries())
      assert.ok(lines[index]?.endsWith(`"payload":${webhook.body},"status":"stored"}`));
  });

  test('are exported as CSV, which parses back to what was sent', async () => {
    const answer = await fetch(`${server.address}/webhooks?format=csv&order=asc`);
    const records = parseCsv(await answer.text());
    assert.deepEqual(
      records.map(({ id, receivedAt, headers, idempotencyKey, contentType, payload }) => ({
        id,
        receivedAt,
        headers: JSON.parse(headers ?? '') as unknown,
        idempotencyKey,
        contentType,
        payload,
      })),
      recorded.map(({ webhook, receipt }) => ({
        id: receipt.id,
        receivedAt: receipt.receivedAt,
        headers: { 'x-github-event': webhook.event, 'x-github-delivery': webhook.delivery },
        idempotencyKey: webhook.delivery,
        contentType: 'application/json',
        payload: webhook.body,
      })),
    );
  });

  test('leave a ledger that balances and counts each once', async () => {
    await assertLedgerBalances(server, webhooks.length);
  });
});

/**
 * Posts hundreds of real GitHub webhooks to the register `webhooks` of a running Daybook, as GitHub would:
 *
 *     node examples/webhooks.ts [--redeliver] [http://127.0.0.1:3000]
 *
 * With `--redeliver` everything is sent a second time, and each repeat must be answered with the entry of the first.
 */
import { parseArgs } from 'node:util';

import type { WebhookDelivery } from './webhook-deliveries.ts';
import { webhookDeliveries, webhookHeaders } from './webhook-deliveries.ts';

/** What Daybook answers to a write, as far as it matters here. */
interface Receipt {
  readonly id: string;
  readonly duplicate: boolean;
}

const CONNECTIONS = 8;

const { values, positionals } = parseArgs({
  options: { redeliver: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [address = 'http://127.0.0.1:3000'] = positionals;
const deliveries = webhookDeliveries();

const first = await postAll(deliveries);
say('posted', deliveries.length);
say('recognised', recognised(first));
if (values.redeliver) {
  const second = await postAll(deliveries);
  say('redelivered', deliveries.length);
  say('recognised', recognised(second));
  const strangers = deliveries.filter(
    ({ delivery }) =>
      !second.get(delivery)?.duplicate || second.get(delivery)?.id !== first.get(delivery)?.id,
  );
  if (strangers.length > 0)
    throw new Error(`not recognised: ${strangers.map(({ delivery }) => delivery).join()}`);
}
console.log('\nby type');
for (const [event, count] of countByEvent(deliveries)) say(event, count);

/** @returns the receipts by delivery id. */
async function postAll(webhooks: readonly WebhookDelivery[]): Promise<Map<string, Receipt>> {
  const receipts = new Map<string, Receipt>();
  const left = webhooks.values();
  async function work(): Promise<void> {
    // All workers take from the same iterator, so each webhook is posted by one of them.
    for (const webhook of left) receipts.set(webhook.delivery, await post(webhook));
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return receipts;
}

/** @throws {Error} with Daybook's own words when the webhook is not on record. */
async function post(webhook: WebhookDelivery): Promise<Receipt> {
  const headers = webhookHeaders(webhook);
  const answer = await fetch(`${address}/webhooks`, { method: 'POST', headers, body: webhook.body });
  if (answer.status !== 201) throw new Error(`${webhook.delivery}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Receipt;
}

function recognised(receipts: ReadonlyMap<string, Receipt>): number {
  return [...receipts.values()].filter(({ duplicate }) => duplicate).length;
}

function countByEvent(webhooks: readonly WebhookDelivery[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { event } of webhooks) counts.set(event, (counts.get(event) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

function say(what: string, count: number): void {
  console.log(`${what.padEnd(36)}${String(count).padStart(5)}`);
}

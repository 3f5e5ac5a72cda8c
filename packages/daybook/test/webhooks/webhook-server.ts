/**
 * A real server with the configuration of the webhooks example, and the posting of webhooks to it.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import type { WebhookDelivery } from '../../../../examples/webhook-deliveries.ts';
import { webhookHeaders } from '../../../../examples/webhook-deliveries.ts';
import type { Receipt } from '../../src/contract/messages.ts';
import type { Connection } from '../support/exchange.ts';
import { openConnection } from '../support/exchange.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

const CONFIG = fileURLToPath(new URL('../../../../examples/webhooks.config.ts', import.meta.url));

export function startWebhookServer(): Promise<StartedDaybook> {
  return startDaybook({ env: { DAYBOOK_CONFIG: CONFIG } });
}

/** @throws {AssertionError} unless the webhook is on record. */
export async function postWebhook(connection: Connection, webhook: WebhookDelivery): Promise<Receipt> {
  const headers = webhookHeaders(webhook);
  const answer = await connection.exchange({
    method: 'POST',
    path: '/webhooks',
    headers,
    body: webhook.body,
  });
  assert.equal(answer.status, 201, answer.body);
  return JSON.parse(answer.body) as Receipt;
}

/** Posts all of them over several connections. @returns receipts in the order of the webhooks. */
export async function postWebhooks(
  address: string,
  webhooks: readonly WebhookDelivery[],
  connections = 8,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  const left = webhooks.entries();
  async function work(): Promise<void> {
    const connection = openConnection(address);
    try {
      for (const [index, webhook] of left) receipts[index] = await postWebhook(connection, webhook);
    } finally {
      connection.close();
    }
  }
  await Promise.all(Array.from({ length: connections }, work));
  return receipts;
}

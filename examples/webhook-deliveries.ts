/**
 * Webhooks as GitHub sends them, from the bodies in `@octokit/webhooks-examples`. Each has a delivery id that is the same
 * in every run, as the id of a real delivery is the same in every redelivery.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface WebhookDelivery {
  /** `X-GitHub-Event`, such as `pull_request`. */
  readonly event: string;
  /** `X-GitHub-Delivery`, shaped like a UUID. */
  readonly delivery: string;
  /** JSON. */
  readonly body: string;
}

/** One event of the package, which is a JSON file of them. */
interface WebhookDefinition {
  readonly name: string;
  readonly examples: readonly unknown[];
}

export function webhookDeliveries(): WebhookDelivery[] {
  const definitions = require('@octokit/webhooks-examples') as WebhookDefinition[];
  return definitions.flatMap(({ name: event, examples }) =>
    examples.map((example, index) => {
      const body = JSON.stringify(example);
      // The index tells apart the few examples that are there twice: to GitHub these are two deliveries.
      return { event, delivery: toDeliveryId(`${event} ${index} ${body}`), body };
    }),
  );
}

export function webhookHeaders({ event, delivery }: WebhookDelivery): Record<string, string> {
  return { 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': delivery };
}

function toDeliveryId(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/**
 * A register for GitHub webhooks. Start Daybook with it:
 *
 *     DAYBOOK_CONFIG=examples/webhooks.config.ts npm start
 */
import type { DaybookConfig } from 'daybook';

export default {
  registers: {
    webhooks: {
      access: 'open',
      keepHeaders: ['x-github-event', 'x-github-delivery'],
      // A redelivery has the id of the first delivery, so GitHub needs to know nothing of idempotency keys.
      idempotencyKeyFrom: 'x-github-delivery',
      // GitHub sends up to 25 MB; 16 MiB is the most that the SQLite store takes.
      maxEntryBytes: 16 * 1024 * 1024,
    },
  },
} satisfies DaybookConfig;

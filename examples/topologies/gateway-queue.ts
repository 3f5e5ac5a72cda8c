/**
 * A REST API in front of a queue: an entry is acknowledged when the queue has it, and stored soon after, whatever becomes
 * of the database meanwhile. `npm run cloud -- plan -c examples/topologies/gateway-queue.ts -e dev`
 */
import type { CloudConfig } from '../../packages/cloud/src/config/schema.ts';

export default {
  name: 'daybook-queue',
  account: '123456789012',
  regions: ['eu-west-1'],
  front: { kind: 'rest-api', throttle: { ratePerSecond: 100, burst: 50 }, accessLogs: 'json' },
  queue: {},
  customerManagedKey: true,
  budget: { monthlyUsd: 100 },
  environments: {
    prd: {
      observe: { alerts: { high: [{ email: 'on-call@example.com' }], low: [{ email: 'team@example.com' }] } },
    },
  },
} satisfies CloudConfig;

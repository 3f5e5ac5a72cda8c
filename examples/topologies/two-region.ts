/**
 * Two regions that are both in use: a REST API, functions and a replica of one table in each, and one name that leads to
 * whichever is well. `npm run cloud -- plan -c examples/topologies/two-region.ts -e dev`; see docs/two-region.md.
 */
import type { CloudConfig } from '../../packages/cloud/src/config/schema.ts';

const zone = { zoneName: 'example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' };

export default {
  name: 'daybook-two',
  account: '123456789012',
  regions: ['eu-west-1', 'us-east-1'],
  front: { kind: 'rest-api' },
  customerManagedKey: true,
  store: { capacity: { mode: 'provisioned', min: 5, max: 10, targetPercent: 45 } },
  observe: { probe: true },
  environments: {
    dev: { domain: { ...zone, name: 'daybook-dev.example.com' } },
    prd: {
      domain: { ...zone, name: 'daybook.example.com' },
      observe: { alerts: { high: [{ email: 'on-call@example.com' }], low: [{ email: 'team@example.com' }] } },
    },
  },
} satisfies CloudConfig;

/**
 * Three tiers on servers: CloudFront, a private balancer, pages, API and persister as containers, and PostgreSQL in two
 * zones behind a queue. `npm run cloud -- plan -c examples/topologies/three-tier.ts -e dev`
 */
import type { CloudConfig } from '../../packages/cloud/src/config/schema.ts';

export default {
  name: 'daybook-tiers',
  account: '123456789012',
  regions: ['eu-west-1'],
  front: { kind: 'cdn' },
  network: { zones: 2 },
  queue: {},
  services: { image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/daybook:1.0.0' },
  database: { kind: 'rds' },
  environments: {
    poc: { database: { multiZone: false, recoveryDays: 7 } },
    prd: {
      domain: {
        name: 'daybook.example.com',
        zoneName: 'example.com',
        hostedZoneId: 'Z0123456789ABCDEFGHIJ',
      },
      front: { accessLogs: 'json' },
      observe: { alerts: { high: [{ email: 'on-call@example.com' }], low: [{ email: 'team@example.com' }] } },
    },
  },
} satisfies CloudConfig;

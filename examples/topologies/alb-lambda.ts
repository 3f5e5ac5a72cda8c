/**
 * An Application Load Balancer in front of functions in a private network, and DynamoDB: an entry is stored when it is
 * acknowledged. `npm run cloud -- plan -c examples/topologies/alb-lambda.ts -e poc`
 */
import type { CloudConfig } from '../../packages/cloud/src/config/schema.ts';

export default {
  name: 'daybook-alb',
  account: '123456789012',
  regions: ['eu-west-1'],
  front: { kind: 'alb', accessLogs: 'json' },
  network: { cidr: '10.0.0.0/16', zones: 2 },
  environments: {
    prd: {
      domain: {
        name: 'daybook.example.com',
        zoneName: 'example.com',
        hostedZoneId: 'Z0123456789ABCDEFGHIJ',
      },
      observe: { alerts: { high: [{ email: 'on-call@example.com' }], low: [{ email: 'team@example.com' }] } },
    },
  },
} satisfies CloudConfig;

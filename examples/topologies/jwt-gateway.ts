/**
 * A REST API that lets in whoever has a token, a queue, and functions in a private network: every caller sees the entries
 * of its own subject in the register `data`. `npm run cloud -- plan -c examples/topologies/jwt-gateway.ts -e dev`
 */
import type { CloudConfig } from '../../packages/cloud/src/config/schema.ts';

export default {
  name: 'daybook-jwt',
  account: '123456789012',
  regions: ['eu-west-1'],
  front: { kind: 'rest-api' },
  network: {},
  queue: {},
  access: {
    issuers: {
      example: {
        issuer: 'https://issuer.example.com/',
        audience: 'daybook',
        jwks: 'https://issuer.example.com/.well-known/jwks.json',
      },
    },
    authorizer: { cacheSeconds: 300 },
  },
  console: true,
  environments: {
    prd: {
      store: { capacity: { mode: 'provisioned', min: 5, max: 100, targetPercent: 45 } },
      observe: { alerts: { high: [{ email: 'on-call@example.com' }] } },
    },
  },
} satisfies CloudConfig;

/**
 * The names of the subnets in a network with tiers: each tier has places of its own, and so has the way out.
 */
export const TIER_SUBNETS = { front: 'Front', services: 'Services', data: 'Data', out: 'Out' } as const;

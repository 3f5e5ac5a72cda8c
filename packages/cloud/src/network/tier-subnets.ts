/**
 * The names of the subnets in a network with tiers: each tier has places of its own.
 */
export const TIER_SUBNETS = { front: 'Front', services: 'Services', data: 'Data' } as const;

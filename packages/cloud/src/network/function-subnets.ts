/**
 * The names of the subnets in a network of functions: those of a balancer before them, and their own.
 */
export const FUNCTION_SUBNETS = { balancer: 'Public', functions: 'Private' } as const;

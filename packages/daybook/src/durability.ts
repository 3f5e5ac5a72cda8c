/**
 * Durability levels: what an acknowledged entry has survived. Drivers state theirs as a capability and prove it where
 * they can; an answer names it.
 */

export const DURABILITY_LEVELS = ['memory', 'page-cache', 'fsync', 'replicated', 'replicated-fsync'] as const;

export type DurabilityLevel = (typeof DURABILITY_LEVELS)[number];

/**
 * True when `given` is at least `wanted`. `fsync` and `replicated` do not satisfy each other: three page caches do not
 * survive a common power loss, and one disk does not survive its machine.
 */
export function satisfiesDurability(given: DurabilityLevel, wanted: DurabilityLevel): boolean {
  if (given === wanted) return true;
  if (given === 'replicated' && wanted === 'fsync') return false;
  return DURABILITY_LEVELS.indexOf(given) > DURABILITY_LEVELS.indexOf(wanted);
}

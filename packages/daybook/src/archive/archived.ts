/**
 * Which registers are archived: those that are kept for ever. What a register lets expire is to be gone, and would live on
 * in an archive. What nobody may read by itself, such as keys, is not there either.
 */
import type { Register } from '../register.ts';

export function isArchived({ access, retentionDays }: Register): boolean {
  return access.read !== 'internal' && retentionDays === undefined;
}

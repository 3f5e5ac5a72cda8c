/** Durability levels in words. */
import type { DurabilityLevel } from '../../durability.ts';

const SURVIVES: Readonly<Record<DurabilityLevel, string>> = {
  memory: 'in memory only: gone with the machine',
  'page-cache': 'survives a crash of Daybook, not of the machine',
  fsync: 'synced to disk: survives a crash and a power cut',
  replicated: 'on several machines: survives the loss of one',
  'replicated-fsync': 'synced to disk on several machines: survives the loss of one and a power cut',
};

/** What an acknowledged entry has survived, as a phrase. */
export function durabilityInWords(level: DurabilityLevel): string {
  return SURVIVES[level];
}

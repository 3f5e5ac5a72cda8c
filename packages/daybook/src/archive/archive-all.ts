/**
 * One run of the archive: every register after the other, each as far as there is time. A register that fails keeps none of
 * the others from it.
 */
import type { Register } from '../register.ts';
import type { ArchivedCount, Archiver } from './archiver.ts';

export interface ArchiveRunOptions {
  readonly registers: readonly Register[];
  readonly archiverOf: (register: Register) => Archiver;
  /** Something was written, or is left. */
  readonly onArchived: (register: string, done: ArchivedCount) => void;
}

export interface ArchiveRun extends ArchivedCount {
  /** What came of the registers that failed, in their order. */
  readonly failures: readonly { readonly register: string; readonly error: unknown }[];
}

/** Until nothing is left or the signal comes; then `complete` is false, and the next run goes on. */
export async function archiveAll(
  { registers, archiverOf, onArchived }: ArchiveRunOptions,
  signal: AbortSignal,
): Promise<ArchiveRun> {
  const sum = { segments: 0, entries: 0, complete: true };
  const failures: { register: string; error: unknown }[] = [];
  for (const register of registers) {
    try {
      const done = await archiverOf(register).archive(register.name, signal);
      if (done.segments > 0 || !done.complete) onArchived(register.name, done);
      sum.segments += done.segments;
      sum.entries += done.entries;
      sum.complete &&= done.complete;
    } catch (error) {
      failures.push({ register: register.name, error });
    }
  }
  return { ...sum, complete: sum.complete && failures.length === 0, failures };
}

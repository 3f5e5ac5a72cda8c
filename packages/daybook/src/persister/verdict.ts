/**
 * Poison or systemic: remembers how the last distinct entries fared. Where most of them cannot be stored it is not they
 * that are at fault, and then none of them may be given up on. An entry that is tried again is not a further entry: it keeps
 * its place among the last, with what became of it now.
 */

export interface Verdict {
  /** An entry was stored, or failed alone while the store was well. */
  note(id: string, fared: 'stored' | 'isolated'): void;
  /** More than half of the last {@link WINDOW_ENTRIES} distinct entries were isolated, of at least {@link MIN_ENTRIES}. */
  isSystemic(): boolean;
}

/** Below the minimum nothing is concluded: one poison entry in a quiet system is all that there is. */
export const WINDOW_ENTRIES = 100;
export const MIN_ENTRIES = 10;

export function createVerdict(): Verdict {
  /** Oldest first. */
  const fares = new Map<string, 'stored' | 'isolated'>();
  let isolated = 0;

  return {
    note(id, fared) {
      const before = fares.get(id);
      if (before === fared) return;
      if (before === 'isolated') isolated -= 1;
      if (fared === 'isolated') isolated += 1;
      fares.set(id, fared);
      if (fares.size > WINDOW_ENTRIES) forgetOldest();
    },
    isSystemic: () => fares.size >= MIN_ENTRIES && isolated > fares.size / 2,
  };

  function forgetOldest(): void {
    for (const [id, fared] of fares) {
      if (fared === 'isolated') isolated -= 1;
      fares.delete(id);
      return;
    }
  }
}

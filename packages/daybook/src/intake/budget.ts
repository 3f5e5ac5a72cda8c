/**
 * A bound on the bytes in flight. Every byte that a request makes Daybook hold is reserved here first; when nothing is
 * left the request is refused rather than kept in memory.
 */

export interface Budget {
  /** @returns false, and reserves nothing, when the bytes do not fit. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
  readonly used: number;
  readonly limit: number;
}

export function createBudget(limit: number): Budget {
  let used = 0;
  return {
    limit,
    get used() {
      return used;
    },
    reserve(bytes) {
      if (used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    release(bytes) {
      used -= bytes;
      if (used < 0) throw new RangeError('budget: more bytes were released than reserved');
    },
  };
}

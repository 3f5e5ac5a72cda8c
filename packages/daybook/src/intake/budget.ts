/**
 * A bound on the bytes in flight. Every byte that a request makes Daybook hold is reserved here first; when nothing is
 * left the request is refused rather than kept in memory. A byte counts once, whoever holds it at the time.
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

/** What one request has reserved: it grows with the body, and shrinks as others take parts of the body over. */
export class Hold {
  readonly budget: Budget;
  #bytes = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false, and reserves nothing, when the bytes do not fit. */
  reserve(bytes: number): boolean {
    if (!this.budget.reserve(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** They stay reserved; releasing them is the taker's business now. */
  handOver(bytes: number): void {
    if (bytes > this.#bytes) throw new RangeError('hold: more bytes were handed over than held');
    this.#bytes -= bytes;
  }

  /** Releases everything beyond this many bytes. */
  shrinkTo(bytes: number): void {
    const rest = this.#bytes - bytes;
    if (rest < 0) throw new RangeError('hold: more bytes were to be kept than held');
    this.#bytes = bytes;
    this.budget.release(rest);
  }
}

/**
 * One line of the result: a figure with its value in every round, and what was hoped for.
 */

/** What a figure is held against; `null` figures are only told. */
type FigureTarget = { readonly atLeast: number } | { readonly atMost: number };

export interface Figure {
  readonly group: string;
  readonly name: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly target: FigureTarget | null;
  readonly met: boolean | null;
}

export interface FigureOptions {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly target?: FigureTarget;
}

/** @throws {RangeError} without a round: a figure that was not taken is not a figure. */
export function createFigure({ group, name, unit, rounds, target }: FigureOptions): Figure {
  if (rounds.length === 0) throw new RangeError(`no rounds for '${name}'`);
  const value = median(rounds);
  return { group, name, value, unit, rounds, target: target ?? null, met: meets(value, target) };
}

/** Quotients round by round: drift of the machine hits both sides of each alike. */
export function perRound(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((numerator, index) => numerator / (denominators[index] ?? Number.NaN));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function meets(value: number, target: FigureTarget | undefined): boolean | null {
  if (target === undefined) return null;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

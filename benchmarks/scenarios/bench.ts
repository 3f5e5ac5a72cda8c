/**
 * What every scenario gets, and what it gives back.
 */
import type { Children } from '../command/children.ts';
import type { Figure } from '../command/figure.ts';
import type { BenchOptions } from '../command/options.ts';
import type { Verification } from './verify.ts';

export interface Bench {
  readonly options: BenchOptions;
  readonly children: Children;
  /** A directory of its own for this run; removed afterwards. */
  readonly directory: string;
  /** One line about what happens now. */
  readonly tell: (line: string) => void;
}

export interface ScenarioResult {
  readonly figures: readonly Figure[];
  /** Everything that was measured, phase by phase; for the JSON only. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
  readonly verifications: readonly Verification[];
  /** Why the whole run is void; empty when everything acknowledged was found and the ledger balances. */
  readonly voidReasons: readonly string[];
}

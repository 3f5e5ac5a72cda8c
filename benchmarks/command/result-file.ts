/**
 * The result as JSON, one file a run: `<date>-<label>.json`, never overwritten.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MachineSpecification } from '../machine/specification.ts';
import type { SyncFigures } from '../machine/sync-probe.ts';
import type { Verification } from '../scenarios/verify.ts';
import type { Figure } from './figure.ts';

export interface BenchResult {
  readonly format: 1;
  /** RFC 3339, UTC. */
  readonly takenAt: string;
  readonly label: string;
  readonly void: boolean;
  readonly voidReasons: readonly string[];
  readonly machine: MachineSpecification;
  readonly device: SyncFigures;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly verifications: readonly Verification[];
}

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** Returns the path written. A second run of the same day and label gets `-2`, and so on. */
export function writeResult(result: BenchResult): string {
  mkdirSync(RESULTS, { recursive: true });
  const text = `${JSON.stringify(result, null, 2)}\n`;
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `-${number}`;
    const path = `${RESULTS}${result.takenAt.slice(0, 10)}-${result.label}${suffix}.json`;
    try {
      writeFileSync(path, text, { flag: 'wx' });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

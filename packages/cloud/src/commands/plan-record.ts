/**
 * What is kept beside a planned assembly: for whom it was planned, and its digest. `apply --planned` deploys nothing else.
 * The same stands beside what `apply --keep-deployed` kept, for `rollback --to`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { digestOf } from '../aws/assembly.ts';
import { CommandError, errorOf, UsageError } from '../failure.ts';

interface PlanRecord {
  readonly label: string;
  readonly digest: string;
}

/** Beside the directory: what is inside is all in the digest. */
const fileOf = (directory: string): string => `${directory.replace(/\/+$/, '')}.plan.json`;

export function writePlanRecord(directory: string, label: string): void {
  const record: PlanRecord = { label, digest: digestOf(directory) };
  writeFileSync(fileOf(directory), `${JSON.stringify(record)}\n`);
}

/** @param flag that named the directory. @throws {UsageError} when there is no plan. @throws {CommandError} when it is another's, or was changed since. */
export function assertPlanned(directory: string, label: string, flag = '--planned'): void {
  const file = fileOf(directory);
  const record = readRecord(file, flag);
  if (record.label !== label) {
    throw new CommandError(`${flag}: expected a plan of ${label}, given one of ${record.label}`);
  }
  if (record.digest !== digestOf(directory)) {
    throw new CommandError(
      `${flag}: expected ${directory} as it was planned, given files that changed since`,
    );
  }
}

function readRecord(file: string, flag: string): PlanRecord {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PlanRecord;
  } catch (thrown) {
    throw new UsageError(
      `${flag}: expected a directory that ${flag === '--to' ? '"apply --keep-deployed"' : '"plan --out"'} wrote, ${file}: ${errorOf(thrown).message}`,
    );
  }
}

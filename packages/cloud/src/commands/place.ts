/**
 * Which region a command works in that works in one: the only one, or the one that `--region` names.
 */
import type { DeployedPart } from '../aws/deployed-parts.ts';
import { findParts, TABLE_TYPES } from '../aws/deployed-parts.ts';
import type { DeployedParts } from '../aws/deployed-parts.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud } from './cloud.ts';

export interface RegionFlags {
  readonly region?: string;
}

/** @throws {UsageError} when there are several and none is named, or one that is none of them. */
export function regionOf({ deployment }: Cloud, { region }: RegionFlags): string {
  const { regions } = deployment;
  const [only = ''] = regions;
  if (region === undefined && regions.length === 1) return only;
  if (region !== undefined && regions.includes(region)) return region;
  throw new UsageError(`--region: expected one of ${regions.join(', ')}; given ${region ?? 'none'}`);
}

/** The parts of one region, and the table of entries among them. @throws {CommandError} when there is none. */
export async function findTable(
  cloud: Cloud,
  region: string,
): Promise<{ readonly parts: DeployedParts; readonly table: DeployedPart }> {
  const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
  const parts = await findParts(cloud.calls, stacks);
  const [table] = parts.ofType(...TABLE_TYPES);
  if (table !== undefined) return { parts, table };
  throw new CommandError(
    `${cloud.label} in ${region}: expected a deployed table, found none; deploy it first: npm run cloud -- apply -e ${cloud.deployment.environment}`,
  );
}

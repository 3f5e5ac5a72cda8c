/**
 * Which region a command works in that works in one: the only one, or the one that `--region` names.
 */
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

export interface FoundTable {
  readonly parts: DeployedParts;
  /** The name of the one that is used. */
  readonly table: string;
}

/** The parts of one region, and the table that the deployed functions use. @throws {CommandError} when there is none. */
export async function findTable(cloud: Cloud, region: string): Promise<FoundTable> {
  if (cloud.deployment.database !== undefined)
    throw new CommandError(
      `${cloud.label}: expected a table, found PostgreSQL, which is reached from inside only: open a shell in a task of the tier api (docs/three-tier.md)`,
    );
  const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
  const parts = await findParts(cloud.calls, stacks);
  const table = tableInUse(parts);
  if (table !== undefined) return { parts, table };
  throw new CommandError(
    `${cloud.label} in ${region}: expected a deployed table, found none; deploy it first: npm run cloud -- apply -e ${cloud.deployment.environment}`,
  );
}

/** A restored table is no resource of the stack: it stands in the URL of the store, which is plain text then. */
function tableInUse(parts: DeployedParts): string | undefined {
  const urls = parts.ofType('AWS::Lambda::Function').map(({ template }) => {
    const { Environment } = (template.Properties ?? {}) as {
      readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
    };
    return Environment?.Variables?.['DAYBOOK_STORE'];
  });
  const plain = urls.find((url): url is string => typeof url === 'string');
  return plain === undefined ? parts.ofType(...TABLE_TYPES)[0]?.physicalId : new URL(plain).pathname.slice(1);
}

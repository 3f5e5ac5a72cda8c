/**
 * What a deployment with servers needs: the tiers come together or not at all, because each stands on the one behind it.
 */
import { parseDaybookConfig } from './daybook-config.ts';
import { ConfigError } from './fault.ts';
import type { Deployment } from './schema.ts';
import { sizeFault, TIERS } from './service-schema.ts';

/** "stopTimeout", Amazon ECS API Reference: the most on Fargate. */
const MAX_STOP_SECONDS = 120;
/** What a shutdown may take after its grace: keys, intake, persister and drivers, 4 s each (packages/daybook/src/daybook.ts). */
const FLUSH_SECONDS = 16;

/** @throws {ConfigError} */
export function assertServicesFit(deployment: Deployment): void {
  const { services, front, database } = deployment;
  if (services === undefined) {
    if (front.kind === 'cdn')
      throw new ConfigError('services: expected services, because front.kind is cdn, given nothing');
    if (database !== undefined)
      throw new ConfigError('services: expected services, because functions know no database, given nothing');
    return;
  }
  assertTogether(deployment);
  assertUnused(deployment);
  for (const name of TIERS) {
    const tier = services[name];
    const fault = sizeFault(tier);
    if (fault !== undefined)
      throw new ConfigError(`services.${name}.memoryMb: expected ${fault}, given ${tier.memoryMb}`);
    if (tier.max < tier.min)
      throw new ConfigError(
        `services.${name}.max: expected at least ${tier.min}, as services.${name}.min, given ${tier.max}`,
      );
  }
  if (stopSecondsOf(deployment) > MAX_STOP_SECONDS)
    throw new ConfigError(
      `limits.shutdownGraceMs: expected at most ${(MAX_STOP_SECONDS - FLUSH_SECONDS) * 1000}, because Fargate waits ${MAX_STOP_SECONDS} s at the most, given ${parseDaybookConfig(deployment).limits.shutdownGraceMs}`,
    );
}

/** What a task is given to end in: the grace of the configuration, and what is flushed behind it. */
export function stopSecondsOf(deployment: Deployment): number {
  const { limits } = parseDaybookConfig(deployment);
  return Math.ceil(limits.shutdownGraceMs / 1000) + FLUSH_SECONDS;
}

function assertTogether({ front, network, queue, database, regions }: Deployment): void {
  for (const [key, part] of Object.entries({ network, queue, database })) {
    if (part === undefined)
      throw new ConfigError(`${key}: expected one, because there are services, given nothing`);
  }
  if (front.kind !== 'cdn')
    throw new ConfigError(`front.kind: expected cdn, because there are services, given ${front.kind}`);
  if (regions.length > 1)
    throw new ConfigError(
      `regions: expected one, because there are services and a database is of one region, given ${regions.join(', ')}`,
    );
}

/** What is built around functions alone is refused, and not left away without a word. */
function assertUnused({ console, spread, functions, store }: Deployment): void {
  const refused: readonly (readonly [key: string, isGiven: boolean, why: string])[] = [
    ['spread', spread, 'a database is of one region'],
    ['console', console, 'the tier web has the pages'],
    ['functions.provisionedConcurrency', functions.provisionedConcurrency > 0, 'tasks are always warm'],
    ['store.table', store.table !== undefined, 'entries are in PostgreSQL (database.restored)'],
    [
      'store.capacity',
      store.capacity.mode === 'provisioned',
      'entries are in PostgreSQL (database.instanceType)',
    ],
  ];
  for (const [key, isGiven, why] of refused) {
    if (isGiven)
      throw new ConfigError(`${key}: expected none, because there are services and ${why}, given one`);
  }
}

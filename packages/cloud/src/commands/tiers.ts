/**
 * What `start`, `stop` and `scale` have in common: which tiers are meant, and waiting until as many tasks run.
 */
import { assertAccount } from '../aws/account.ts';
import { findParts } from '../aws/deployed-parts.ts';
import type { DeployedTier } from '../aws/services.ts';
import { runningTasks, tiersOf } from '../aws/services.ts';
import type { TierName } from '../config/service-schema.ts';
import { TIERS } from '../config/service-schema.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud } from './cloud.ts';

const EVERY_MS = 5_000;
/** A task that is not well by then is taken back by ECS, and told in its events. */
const WAIT_MS = 15 * 60_000;

/** @throws {UsageError} */
export function parseTier(text: string): TierName {
  const tier = TIERS.find((name) => name === text);
  if (tier !== undefined) return tier;
  throw new UsageError(`expected one of ${TIERS.join(', ')}; given ${text}`);
}

/** In every region. @throws {CommandError} when the deployment has none of them. */
export async function findTiers(cloud: Cloud, names: readonly TierName[]): Promise<DeployedTier[]> {
  const { calls, deployment, label } = cloud;
  if (deployment.services === undefined)
    throw new UsageError(`${label}: expected a deployment with services; functions start by themselves`);
  await assertAccount(calls, deployment);
  const found = tiersOf(await findParts(calls, await cloud.stacks())).filter(({ tier }) =>
    names.includes(tier),
  );
  const missing = names.find((name) => !found.some(({ tier }) => tier === name));
  if (missing === undefined) return found;
  throw new CommandError(
    `${label}: expected a deployed tier ${missing}, found none; deploy it first: npm run cloud -- apply -e ${deployment.environment}`,
  );
}

/** @throws {CommandError} when they do not, with the last that ECS said of it. */
export async function untilRunning(
  cloud: Cloud,
  tier: DeployedTier,
  isEnough: (running: number) => boolean,
): Promise<void> {
  const startedMs = cloud.nowMs();
  for (;;) {
    const { running, pending, event } = await runningTasks(cloud.calls, tier);
    if (isEnough(running) || cloud.dryRun) return;
    if (cloud.nowMs() - startedMs > WAIT_MS)
      throw new CommandError(
        `${tier.tier}: expected another number of tasks, found ${running} that run after ${WAIT_MS / 60_000} minutes; ${event ?? 'ECS says nothing'}`,
      );
    cloud.terminal.progress(`${tier.tier}: ${running} run, ${pending} start`);
    await cloud.sleep(EVERY_MS);
  }
}

export function tell(cloud: Cloud, { tier, region }: DeployedTier, what: string): void {
  if (cloud.dryRun) return;
  if (cloud.json) cloud.terminal.line(JSON.stringify({ region, tier, state: what }));
  else cloud.terminal.line(`${tier} in ${region}: ${what}`);
}

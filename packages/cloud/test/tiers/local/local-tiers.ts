/**
 * The topology `three-tier` on this machine: what CDK synthesises, with the commands, variables, queues, buckets, settings
 * of the database, rules of the balancer and numbers of its template.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startFauxqs } from '../../../../daybook/test/support/fauxqs.ts';
import { startStrictS3 } from '../../../../daybook/test/support/strict-s3.ts';
import type { TierName } from '../../../src/config/service-schema.ts';
import { TIERS } from '../../../src/config/service-schema.ts';
import { createBuckets, createQueues } from '../../local/backends/queues.ts';
import type { ResolvedStack } from '../../local/template/resolve-template.ts';
import { resolvedStacksOf } from '../../support/topologies.ts';
import { threeTier } from '../synthesis.ts';
import type { Balancer } from './balancer.ts';
import { startBalancer } from './balancer.ts';
import { readBalancer } from './balancer-plan.ts';
import type { LocalDatabase } from './database.ts';
import { startDatabase } from './database.ts';
import type { Service } from './service.ts';
import { startService } from './service.ts';
import { startTask } from './task.ts';
import type { TierPlan } from './tiers-plan.ts';
import { readTiers } from './tiers-plan.ts';

/** Of every queue and bucket of fauxqs. */
const LOCAL_ACCOUNT = '000000000000';

export type TierPlans = Readonly<Record<TierName, TierPlan>>;

export interface LocalTiers {
  readonly plans: TierPlans;
  readonly services: Readonly<Record<TierName, Service>>;
  readonly database: LocalDatabase;
  readonly balancer: Balancer;
  /** Everything that was started. Idempotent. */
  close(): Promise<void>;
}

/** What is deployed to production, with a reader that is read from. */
export async function productionStack(): Promise<ResolvedStack> {
  const change = { account: LOCAL_ACCOUNT, database: { kind: 'aurora', replica: true } };
  const stacks = [...resolvedStacksOf(await threeTier('prd', change)).values()];
  const stack = stacks.find((one) => one.resources('AWS::ECS::Service').length > 0);
  if (stack === undefined) throw new Error('expected a stack with services');
  return stack;
}

export async function openTiers(): Promise<LocalTiers> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const stack = await productionStack();
    return { ...(await open(stack, (end) => void closing.push(end))), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function open(
  stack: ResolvedStack,
  atEnd: (end: () => Promise<unknown>) => void,
): Promise<Omit<LocalTiers, 'close'>> {
  const plans = readTiers(stack);
  const directory = await mkdtemp(join(tmpdir(), 'daybook-tiers-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  const database = await startDatabase(stack);
  atEnd(database.dispose);
  const queues = await startFauxqs({ persistent: false });
  atEnd(queues.dispose);
  const objects = await startStrictS3(queues.endpoint);
  atEnd(objects.close);
  const { region } = stack.place;
  await createQueues(stack, { endpoint: queues.endpoint, region });
  await createBuckets(stack, { endpoint: queues.endpoint, region });
  const balancer = await startBalancer({
    plan: readBalancer(stack),
    nameOf: (arn) => TIERS.find((tier) => plans[tier].groupArn === arn) ?? 'nobody',
    directory,
  });
  atEnd(balancer.close);
  const places = {
    queues: queues.endpoint,
    objects: objects.endpoint,
    secrets: database.secrets.endpoint,
    databases: database.places,
    certificateFile: database.certificateFile,
    balancer: balancer.urlOf,
  };
  const open = async (tier: TierName): Promise<Service> => {
    const service = await startService({
      plan: plans[tier],
      balancer,
      start: (plan) => startTask(plan, places),
    });
    atEnd(service.close);
    return service;
  };
  // One after the other, because all of them want the two processors to start.
  const services = { persister: await open('persister'), api: await open('api'), web: await open('web') };
  return { plans, services, database, balancer };
}

/**
 * Before anything else: whose credentials these are, and whether every region is ready for the CDK.
 */
import type { Deployment } from '../config/schema.ts';
import { CommandError } from '../failure.ts';
import type { PlannedStack } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { findStack } from './stacks.ts';

/** https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html: what it is called unless somebody wants otherwise. */
const TOOLKIT_STACK = 'CDKToolkit';

/** @throws {CommandError} when the credentials are another account's. @throws {AwsError} when there are none. */
export async function assertAccount(
  calls: AwsCalls,
  { account, regions }: Pick<Deployment, 'account' | 'regions'>,
): Promise<void> {
  const { Account, Arn } = await calls.send('sts:GetCallerIdentity', regions[0] ?? '', {});
  if (Account === account) return;
  throw new CommandError(
    `account: expected credentials of ${account}, as the configuration says, given those of ${Account} (${Arn}); name another profile with --profile`,
  );
}

/** @returns the regions that the CDK cannot deploy to yet. */
export async function regionsToBootstrap(
  calls: AwsCalls,
  stacks: readonly Pick<PlannedStack, 'region'>[],
  version: number,
): Promise<{ readonly region: string; readonly found: string }[]> {
  const missing: { region: string; found: string }[] = [];
  for (const region of new Set(stacks.map((stack) => stack.region))) {
    const toolkit = await findStack(calls, { name: TOOLKIT_STACK, region });
    const given = Number(toolkit?.outputs['BootstrapVersion'] ?? 0);
    if (given >= version) continue;
    missing.push({ region, found: toolkit === undefined ? 'none' : `version ${given}` });
  }
  return missing;
}

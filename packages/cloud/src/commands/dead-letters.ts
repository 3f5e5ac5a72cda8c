/**
 * `dead-letters`: Daybook's own command, on the deployment. It goes through the deployed API and not to the bucket, so that
 * who replayed or discarded something is on record in the audit; an operator's key comes from `admin-key`.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { findUrls } from './outputs.ts';
import type { RegionFlags } from './place.ts';
import { regionOf } from './place.ts';

const VERBS = ['list', 'show', 'replay', 'discard'] as const;

export function addDeadLetters(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'dead-letters <verb> [arguments...]',
    summary: 'What was given up on: list, show, replay, discard. Takes the flags of "daybook dead-letters".',
    examples: [
      ['dead-letters list -e prd', 'what there is, and why'],
      ['dead-letters replay -e prd --register app --yes', 'store those of a register after all'],
    ],
  })
    .option('--region <region>', 'where there are several')
    .allowUnknownOption()
    .action(action(run, deadLetters));
}

async function deadLetters(
  cloud: Cloud,
  flags: GlobalFlags & RegionFlags,
  verb = '',
  ...args: string[]
): Promise<number> {
  if (!(VERBS as readonly string[]).includes(verb))
    throw new UsageError(`dead-letters: expected one of ${VERBS.join(', ')}; given ${verb}`);
  if (cloud.apiKey === undefined && !cloud.dryRun) {
    throw new CommandError(
      `--api-key: expected a key with the role admin, or DAYBOOK_API_KEY; make one with: npm run cloud -- admin-key -e ${cloud.deployment.environment}`,
    );
  }
  const region = regionOf(cloud, flags);
  await assertAccount(cloud.calls, cloud.deployment);
  const { url = '' } = (await findUrls(cloud)).find((one) => one.region === region) ?? {};
  return cloud.runProgram({
    program: 'daybook',
    args: ['dead-letters', verb, ...args, '--url', url, ...(cloud.json ? ['--json'] : [])],
    // Not as an argument: every user of this machine could read it there.
    env: { DAYBOOK_API_KEY: cloud.apiKey ?? '' },
  });
}

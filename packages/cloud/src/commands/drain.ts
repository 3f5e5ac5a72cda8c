/**
 * `drain` and `undrain`: the readiness of one region fails on purpose, so that Route 53 sends callers to the others, and
 * nothing that still comes there is refused.
 *
 * With an admin's key it goes through the region's own host, and without one into its replica of the table with the
 * operator's own credentials: a region whose front does not answer can be drained too.
 */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { HEALTH_PATHS, setDrained } from 'daybook/deployment';

import { assertAccount } from '../aws/account.ts';
import { TTL_SECONDS, UNHEALTHY_SECONDS } from '../routing/timing.ts';
import { CommandError, EXIT_OK, errorOf } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { findUrls } from './outputs.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';

interface DrainFlags extends GlobalFlags, RegionFlags {
  readonly reason?: string;
  readonly force?: boolean;
}

const REQUEST_MS = 5_000;

export function addDrain(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'drain',
    summary:
      'Send callers away from a region: its readiness fails until undrain. It goes on to answer what comes.',
    examples: [
      ['drain -e prd --region us-east-1 --reason "new version"', ''],
      ['drain -e prd --region us-east-1 --force', 'also if no other region is ready'],
    ],
  })
    .option('--region <region>', 'which one')
    .option('--reason <text>', 'why, told to whoever asks for the readiness')
    .option('--force', 'do not look whether another region is ready')
    .action(action(run, drain));
}

export function addUndrain(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'undrain',
    summary: 'Let callers come back to a region: its readiness is what it is again.',
    examples: [['undrain -e prd --region us-east-1', '']],
  })
    .option('--region <region>', 'which one')
    .action(action(run, undrain));
}

async function drain(cloud: Cloud, { reason, force = false, ...flags }: DrainFlags): Promise<number> {
  const region = regionOf(cloud, flags);
  await assertAccount(cloud.calls, cloud.deployment);
  if (!force) await assertAnotherIsReady(cloud, region);
  const code = await tell(cloud, region, { drained: true, reason });
  if (code === EXIT_OK && !cloud.dryRun)
    cloud.terminal.note(
      `Route 53 sees it within about ${UNHEALTHY_SECONDS} s; who has asked it before may come for another ${TTL_SECONDS} s, or as long as a connection lasts.`,
    );
  return code;
}

async function undrain(cloud: Cloud, flags: DrainFlags): Promise<number> {
  const region = regionOf(cloud, flags);
  await assertAccount(cloud.calls, cloud.deployment);
  return tell(cloud, region, { drained: false });
}

interface Wish {
  readonly drained: boolean;
  readonly reason?: string | undefined;
}

/** @returns the exit code. */
async function tell(cloud: Cloud, region: string, { drained, reason }: Wish): Promise<number> {
  const verb = drained ? 'drain' : 'undrain';
  if (cloud.apiKey !== undefined) {
    const { url = '' } = (await findUrls(cloud)).find((one) => one.region === region) ?? {};
    return cloud.runProgram({
      program: 'daybook',
      args: [
        verb,
        ...(reason === undefined ? [] : ['--reason', reason]),
        '--url',
        url,
        ...(cloud.json ? ['--json'] : []),
      ],
      // Not as an argument: every user of this machine could read it there.
      env: { DAYBOOK_API_KEY: cloud.apiKey },
    });
  }
  const { table } = await findTable(cloud, region);
  const request = { table, region, drained, reason, by: `operator:${userInfo().username}` };
  if (cloud.dryRun) {
    cloud.show({ service: 'daybook', operation: 'setDrained', region, input: request });
    return EXIT_OK;
  }
  await setDrained(request);
  if (cloud.json) cloud.terminal.line(JSON.stringify({ region, drained }));
  else cloud.terminal.line(`region ${region}: ${drained ? 'drained' : 'not drained'}`);
  return EXIT_OK;
}

/**
 * With no region left that is ready Route 53 takes all of them for ready, and the one that is drained too.
 * @throws {CommandError}
 */
async function assertAnotherIsReady(cloud: Cloud, region: string): Promise<void> {
  const others = (await findUrls(cloud)).filter((one) => one.region !== region);
  const asked = await Promise.all(
    others.map(async (other) => ({ region: other.region, found: await readinessOf(cloud, other.url) })),
  );
  if (asked.some(({ found }) => found === '200')) return;
  const found = asked.map((one) => `${one.region}: ${one.found}`).join(', ') || 'no other region';
  throw new CommandError(
    `drain: expected another region whose ${HEALTH_PATHS.ready} is 200, found ${found}; --force drains ${region} anyway`,
  );
}

async function readinessOf(cloud: Cloud, url: string): Promise<string> {
  const target = `${url}${HEALTH_PATHS.ready}`;
  if (cloud.dryRun) {
    cloud.show({ service: 'http', operation: 'GET', input: { url: target } });
    return '200';
  }
  const answer = await cloud
    .fetch(target, { signal: AbortSignal.timeout(REQUEST_MS) })
    .catch((thrown: unknown) => errorOf(thrown));
  return answer instanceof Response ? String(answer.status) : answer.message;
}

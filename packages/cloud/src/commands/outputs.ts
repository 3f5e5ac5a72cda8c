/**
 * `outputs`: what the stacks tell of themselves, the URL among it.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import type { PlannedStack } from '../aws/assembly.ts';
import type { AwsCalls } from '../aws/aws-calls.ts';
import { findStack } from '../aws/stacks.ts';
import { CommandError } from '../failure.ts';
import { printable, toTable } from '../terminal.ts';
import type { Cloud, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';

export interface StackOutputs {
  readonly stack: string;
  readonly region: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The output of the application stack that callers need; there is one in each region. */
const URL_OUTPUT = 'Url';
/** And that of all regions together, where there are several. */
const COMMON_URL_OUTPUT = 'CommonUrl';

export function addOutputs(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'outputs',
    summary: 'Show what the stacks tell of themselves: the URL first of all.',
    examples: [
      ['outputs -e dev', ''],
      ["outputs -e dev --json | jq -r '.[].outputs.Url // empty'", 'the URL alone'],
    ],
  }).action(
    action(run, async (cloud) => {
      await assertAccount(cloud.calls, cloud.deployment);
      showOutputs(cloud, await readOutputs(cloud.calls, await cloud.stacks()));
    }),
  );
}

/** Whether callers of a region are answered by it. */
export const answers = ({ template }: PlannedStack): boolean => URL_OUTPUT in (template.Outputs ?? {});

/** Of the stacks that exist. */
export async function readOutputs(
  calls: AwsCalls,
  stacks: readonly PlannedStack[],
): Promise<readonly StackOutputs[]> {
  const all: StackOutputs[] = [];
  for (const { name, region } of stacks) {
    const found = await findStack(calls, { name, region });
    if (found !== undefined) all.push({ stack: name, region, outputs: found.outputs });
  }
  return all;
}

export function showOutputs({ terminal, json, dryRun }: Cloud, stacks: readonly StackOutputs[]): void {
  if (dryRun) return;
  if (json) {
    terminal.line(JSON.stringify(stacks));
    return;
  }
  if (stacks.length === 0) terminal.note('nothing is deployed');
  for (const { stack, region, outputs } of stacks) {
    const rows = Object.entries(outputs).map(([key, value]) => [`  ${key}`, printable(value)]);
    terminal.line([`${stack} (${region})`, ...(rows.length === 0 ? [] : [toTable(rows)])].join('\n'));
  }
}

/** Where it answers, by region. */
export function urlsOf(stacks: readonly StackOutputs[]): { readonly region: string; readonly url: string }[] {
  return stacks.flatMap(({ region, outputs }) => {
    const url = outputs[URL_OUTPUT];
    return url === undefined ? [] : [{ region, url: url.replace(/\/$/, '') }];
  });
}

/** Where whichever region is well answers; undefined with one region, or without a domain. */
export function commonUrlOf(stacks: readonly StackOutputs[]): string | undefined {
  return stacks.map(({ outputs }) => outputs[COMMON_URL_OUTPUT]).find((url) => url !== undefined);
}

/** @throws {CommandError} when nothing is deployed that could answer. */
export async function findUrls(cloud: Cloud): Promise<{ readonly region: string; readonly url: string }[]> {
  const urls = urlsOf(await readOutputs(cloud.calls, await cloud.stacks()));
  if (urls.length > 0) return urls;
  throw new CommandError(
    `${cloud.label}: expected a deployed stack with the output ${URL_OUTPUT}, found none; deploy it first: npm run cloud -- apply -e ${cloud.deployment.environment}`,
  );
}

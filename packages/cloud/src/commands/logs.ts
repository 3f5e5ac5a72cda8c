/**
 * `logs`: the log groups of the functions as one, in the order of time. `--follow` goes on until it is stopped.
 *
 * CloudWatch may show a line a little later than a younger one, so a follower looks back a while with every look and leaves
 * out what it has shown; what comes later than that is missed by it, and is found by `--since`.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { findParts } from '../aws/deployed-parts.ts';
import type { LogWriter } from '../aws/log-writers.ts';
import { logWritersOf } from '../aws/log-writers.ts';
import { CommandError, UsageError } from '../failure.ts';
import { printable } from '../terminal.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';

interface LogsFlags extends GlobalFlags {
  readonly follow?: boolean;
  readonly since: string;
  readonly function?: string;
  readonly filter?: string;
}

interface Line {
  readonly id: string;
  readonly atMs: number;
  readonly function: string;
  readonly region: string;
  readonly message: string;
}

const EVERY_MS = 2_000;
const LOOK_BACK_MS = 10_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function addLogs(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'logs',
    summary: "Show what the functions log: Daybook's own lines, and Lambda's.",
    examples: [
      ['logs -e dev --follow', 'all functions, until you stop it'],
      ['logs -e prd --function persister --since 2h', 'one of them'],
      [`logs -e prd --since 1d --filter '{ $.level = "error" }'`, "by CloudWatch's filter pattern"],
    ],
  })
    .option('--follow', 'go on with what comes')
    .option('--since <time>', 'how far back: 30s, 15m, 2h, 7d, or a time such as 2026-11-21T07:55:43Z', '15m')
    .option('--function <name>', 'only this one: api, health, persister, dead-letters, authorizer, probe')
    .option('--filter <pattern>', 'only lines that match this filter pattern of CloudWatch')
    .action(action(run, logs));
}

async function logs(cloud: Cloud, flags: LogsFlags): Promise<void> {
  const sinceMs = parseSince(flags.since, cloud.nowMs());
  await assertAccount(cloud.calls, cloud.deployment);
  const functions = await chosen(cloud, flags.function);
  const shown = new Set<string>();
  for (let fromMs = sinceMs; ;) {
    const lines = (await Promise.all(functions.map((one) => read(cloud, one, fromMs, flags.filter)))).flat();
    const fresh = lines.filter(({ id }) => !shown.has(id)).toSorted((a, b) => a.atMs - b.atMs);
    for (const line of fresh) show(cloud, line);
    if (flags.follow !== true || cloud.dryRun) return;
    fromMs = Math.max(fromMs, cloud.nowMs() - LOOK_BACK_MS);
    // What is older is not asked for again.
    shown.clear();
    for (const { id, atMs } of lines) if (atMs >= fromMs) shown.add(id);
    await cloud.sleep(EVERY_MS);
  }
}

/** @throws {UsageError} when there is none of that name. @throws {CommandError} when nothing is deployed. */
async function chosen(cloud: Cloud, name: string | undefined): Promise<LogWriter[]> {
  const all = logWritersOf(await findParts(cloud.calls, await cloud.stacks()));
  if (all.length === 0) throw new CommandError(`${cloud.label}: expected deployed functions, found none`);
  const some = all.filter(({ handler }) => name === undefined || handler === name);
  if (some.length > 0) return some;
  const names = [...new Set(all.map(({ handler }) => handler))];
  throw new UsageError(`--function: expected one of ${names.join(', ')}; given ${name}`);
}

async function read(
  { calls }: Cloud,
  { handler, region, logGroup }: LogWriter,
  fromMs: number,
  filter: string | undefined,
): Promise<Line[]> {
  const lines: Line[] = [];
  let next: string | undefined;
  do {
    const page = await calls.send('logs:FilterLogEvents', region, {
      logGroupName: logGroup,
      startTime: fromMs,
      ...(filter !== undefined && { filterPattern: filter }),
      ...(next !== undefined && { nextToken: next }),
    });
    for (const { eventId = '', timestamp = 0, message = '' } of page.events ?? [])
      lines.push({ id: eventId, atMs: timestamp, function: handler, region, message: message.trimEnd() });
    next = page.nextToken;
  } while (next !== undefined);
  return lines;
}

function show({ terminal, json, deployment }: Cloud, line: Line): void {
  const at = new Date(line.atMs).toISOString();
  const { id: _, atMs: __, ...rest } = line;
  if (json) {
    terminal.line(JSON.stringify({ at, ...rest }));
    return;
  }
  const place = deployment.regions.length > 1 ? `${line.region} ` : '';
  terminal.line(`${terminal.paint('dim', `${at} ${place}${line.function}`)}  ${printable(line.message)}`);
}

function parseSince(text: string, nowMs: number): number {
  const [, amount, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return nowMs - Number(amount) * (UNIT_MS[unit] ?? 0);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `--since: expected 30s, 15m, 2h, 7d or a time such as 2026-11-21T07:55:43Z; given ${text}`,
  );
}

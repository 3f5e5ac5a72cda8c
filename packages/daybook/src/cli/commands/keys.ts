/**
 * `daybook keys`: API keys are made, listed, and revoked.
 */
import type { Command } from 'commander';

import type { KeysClient, KeyView } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { assertCanAsk, confirm } from '../confirm.ts';
import { connectAsAdmin } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { CommandError, EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';
import type { StoreFlags } from '../store-config.ts';
import { addStoreOptions, loadStoreConfig } from '../store-config.ts';
import { toTable } from '../table.ts';
import { printableLines } from '../terminal.ts';

interface CreateFlags extends GlobalFlags {
  readonly scope?: readonly string[];
  readonly expires?: string;
}

interface ListFlags extends GlobalFlags {
  readonly all?: boolean;
}

interface RevokeFlags extends GlobalFlags {
  readonly yes?: boolean;
}

type Connect = (flags: GlobalFlags) => KeysClient;

const HEADING = ['KEY ID', 'NAME', 'STATUS', 'SCOPES', 'CREATED AT (UTC)', 'EXPIRES AT', 'LAST USED AT'];
const PAGE = 1_000;
const DAY_MS = 86_400_000;
/** `2026-11-21T07:55:43`: rows are for people. */
const SHOWN_OF_STAMP = 19;

const connectToKeys: Connect = (flags) => connectAsAdmin(flags).keys;

export function addKeys(program: Command, cli: Cli, connect: Connect = connectToKeys): void {
  const group = defineCommand(program, {
    usage: 'keys',
    summary: 'API keys: create, list, revoke. Needs the role admin, such as the admin key has.',
    examples: [
      ['daybook keys create ci --scope app.write', 'shows the key, once'],
      ['daybook keys revoke 5c2e91d07f3b6a18', 'refused by every server within seconds'],
    ],
  });
  defineCommand(group, {
    usage: 'create <name>',
    summary: 'Make a key. It is shown once, on standard output, alone.',
    examples: [
      ['daybook keys create ci --scope app.write', 'valid for a year'],
      ['daybook keys create reports --scope app.read --scope data.read --expires 30d', 'for 30 days'],
      ['daybook keys create ci --scope app.write > ci.key', 'into a file; umask 077 keeps it to yourself'],
    ],
  })
    .option('--scope <scope...>', 'what it is for: <register>.read, <register>.write, admin, metrics')
    .option('--expires <end>', 'days such as 90d, or a time such as 2027-01-31 (default: 365d)')
    .action(action(cli, (flags: CreateFlags, name = '') => create(cli, connect, flags, name)));
  const importing = defineCommand(group, {
    usage: 'import <record>',
    summary: 'Put a key that was made elsewhere into the store itself, by the record that has its hash.',
    examples: [
      [
        `daybook keys import '{"keyId":…,"hash":…}'`,
        'where the store can be reached, and no server is asked',
      ],
    ],
  });
  addStoreOptions(importing).action(
    action(cli, (flags: StoreFlags, record = '') => importRecord(cli, flags, record)),
  );
  defineCommand(group, {
    usage: 'list',
    summary: 'Show the keys, the newest first; never their secrets.',
    examples: [
      ['daybook keys list', 'those that are in force'],
      ['daybook keys list --all --json', 'and those that ended within 30 days'],
    ],
  })
    .option('--all', 'expired and revoked ones as well')
    .action(action(cli, (flags: ListFlags) => list(cli, connect, flags)));
  defineCommand(group, {
    usage: 'revoke <keyId...>',
    summary: 'Refuse keys from now on, for good. Asks first.',
    examples: [
      ['daybook keys revoke 5c2e91d07f3b6a18', 'one'],
      ['daybook keys revoke 5c2e91d07f3b6a18 --yes', 'without a question'],
    ],
  })
    .option('--yes', 'do not ask')
    // commander gives the ids as one array.
    .action(action(cli, (flags: RevokeFlags, ...ids) => revoke(cli, connect, flags, ids.flat())));
}

async function create(
  { terminal }: Cli,
  connect: Connect,
  { scope = [], expires, ...flags }: CreateFlags,
  name: string,
): Promise<void> {
  if (scope.length === 0)
    throw new UsageError('--scope: expected at least one, such as app.write; given none');
  const expiresAt = expires === undefined ? undefined : endOf(expires);
  const made = await connect(flags).create({ name, scopes: [...scope], ...(expiresAt && { expiresAt }) });
  if (flags.json === true) return terminal.line(JSON.stringify(made));
  terminal.note(`key ${made.keyId} (${made.name}): ${made.scopes.join(', ')}; until ${made.expiresAt}`);
  terminal.note('It is not shown again: put it where its user keeps secrets.');
  return terminal.line(made.key);
}

async function importRecord({ terminal }: Cli, flags: StoreFlags, text: string): Promise<void> {
  const { parseKeyRecord } = await import('../../access/keys/key-record.ts');
  const record = parseKeyRecord(text);
  const config = await loadStoreConfig(flags);
  const { importKey } = await import('../../import-key.ts');
  const { createLog } = await import('../../telemetry/log.ts');
  const { keyId, name, status } = await importKey(config, record, createLog('silent'));
  if (status !== 'active')
    throw new CommandError(`record: expected a key that is in force; given ${keyId}, which is ${status}`);
  await terminal.line(flags.json === true ? JSON.stringify({ keyId, name }) : `${keyId}  imported`);
}

async function list({ terminal }: Cli, connect: Connect, flags: ListFlags): Promise<void> {
  const rows: string[][] = [];
  for await (const { keys } of connect(flags).pages({ limit: PAGE })) {
    for (const key of keys.filter(({ status }) => flags.all === true || status === 'active')) {
      if (flags.json === true) await terminal.line(JSON.stringify(key));
      else rows.push(toRow(key));
    }
  }
  if (rows.length > 0) return terminal.line(printableLines(toTable([HEADING, ...rows])));
  if (flags.json !== true && terminal.isInteractive) terminal.note('no keys');
}

/** @returns the exit code: 1 when the answer was no. */
async function revoke(
  { terminal }: Cli,
  connect: Connect,
  flags: RevokeFlags,
  ids: readonly string[],
): Promise<number> {
  if (flags.yes !== true) {
    assertCanAsk();
    const what = ids.length === 1 ? `the key ${ids[0]}` : `${ids.length} keys`;
    if (!(await confirm(`Revoke ${what} for good? Whoever uses them is refused.`))) {
      terminal.note('nothing was done');
      return EXIT_FAILURE;
    }
  }
  const keys = connect(flags);
  for (const id of ids) {
    const revoked = await keys.revoke(id);
    await terminal.line(flags.json === true ? JSON.stringify(revoked) : `${id}  revoked`);
  }
  return EXIT_OK;
}

function endOf(text: string): string {
  const days = /^([1-9]\d{0,3})d$/.exec(text)?.[1];
  return days === undefined ? text : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
}

function toRow({ keyId, name, status, scopes, createdAt, expiresAt, lastUsedAt }: KeyView): string[] {
  const times = [createdAt, expiresAt, lastUsedAt].map((stamp) => stamp?.slice(0, SHOWN_OF_STAMP) ?? 'never');
  return [keyId, name, status, scopes.join(','), ...times];
}

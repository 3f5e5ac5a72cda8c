/**
 * `daybook token`: tokens of a development issuer whose key is in the data directory, to try out what needs one.
 * Standard output is the token alone, so that it fits into another command.
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { isRole, isSubject } from '../../access/identity.ts';
import { readCliEnvironment } from '../../config/cli-environment.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import type { GlobalFlags } from '../connection.ts';
import { CommandError, UsageError } from '../failure.ts';

interface TokenFlags extends GlobalFlags {
  readonly subject?: string;
  readonly role?: readonly string[];
  readonly issuer?: string;
  readonly audience?: string;
  /** Seconds. */
  readonly expires?: number;
  readonly init?: boolean;
}

const DEFAULT_DATA_DIR = './data';
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };
const DEFAULT_SECONDS = SECONDS.h;
const MAX_SECONDS = 365 * SECONDS.d;

export function addToken(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'token',
    summary: 'Make a token of a development issuer, whose key is made once in the data directory.',
    examples: [
      ['daybook token --init', 'the configuration that believes it'],
      ['daybook token --subject alice --role data.write --role data.read', 'a token for an hour'],
      [
        'TOKEN=$(daybook token --subject alice --role data.read --expires 15m)',
        'for curl -H "Authorization: Bearer $TOKEN"',
      ],
    ],
  })
    .option('--subject <subject>', 'who calls, and owns what the token writes')
    .option('--role <role>', 'such as data.read or data.write; may be repeated', addRole)
    .option('--expires <time>', 'such as 30s, 15m, 12h or 7d (default: 1h)', parseSeconds)
    .option('--issuer <iss>', 'the iss of the token (default: urn:daybook:development)')
    .option('--audience <aud>', 'the aud of the token (default: daybook)')
    .option('--init', 'print the configuration that believes the development issuer, and no token')
    .action(action(cli, (flags: TokenFlags) => (flags.init === true ? init(cli, flags) : make(cli, flags))));
}

async function make({ terminal }: Cli, flags: TokenFlags): Promise<void> {
  const { subject, role: roles = [], expires = DEFAULT_SECONDS } = flags;
  if (!isSubject(subject)) {
    throw new UsageError(
      `--subject: expected 1 to 255 characters without controls, given ${subject === undefined ? 'nothing' : JSON.stringify(subject)}`,
    );
  }
  const { issuer, settings } = await open(flags);
  const issuedAt = Math.floor(Date.now() / 1_000);
  const claims = { ...settings, subject, roles, issuedAt, expiresAt: issuedAt + expires };
  const token = await issuer.sign(claims);
  if (flags.json !== true) return terminal.line(token);
  const expiresAt = new Date(claims.expiresAt * 1_000).toISOString();
  await terminal.line(JSON.stringify({ token, subject, roles, ...settings, expiresAt }));
}

async function init({ terminal }: Cli, flags: TokenFlags): Promise<void> {
  const { settings, jwks } = await open(flags);
  const config = { issuers: { development: { ...settings, jwks } } };
  terminal.note('Add this to daybook.config.json; whoever can read the data directory can then be anybody.');
  await terminal.line(JSON.stringify(config, undefined, flags.json === true ? 0 : 2));
}

async function open(flags: TokenFlags) {
  // Loaded here only: no other command signs anything.
  const { developmentIssuerSettings, openDevelopmentIssuer } =
    await import('../../access/jwt/development-issuer.ts');
  const dataDir = flags.dataDir ?? readCliEnvironment().dataDir ?? DEFAULT_DATA_DIR;
  const { issuer, audience, jwks } = developmentIssuerSettings(dataDir);
  const settings = { issuer: flags.issuer ?? issuer, audience: flags.audience ?? audience };
  try {
    return { issuer: await openDevelopmentIssuer(dataDir), settings, jwks };
  } catch (thrown) {
    throw new CommandError(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

function addRole(text: string, before: readonly string[] = []): readonly string[] {
  if (isRole(text)) return [...before, text];
  throw new InvalidArgumentError('Expected admin, metrics, or a register with .read or .write.');
}

function parseSeconds(text: string): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * SECONDS[unit as keyof typeof SECONDS];
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError('Expected a time such as 30s, 15m, 12h or 7d, at most 365d.');
}

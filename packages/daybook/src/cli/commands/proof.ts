/**
 * `daybook proof`: shows in about ten seconds that what was acknowledged survives SIGKILL, on the user's own machine.
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import type { GlobalFlags } from '../connection.ts';
import { EXIT_FAILURE, EXIT_OK } from '../failure.ts';
import { prove } from '../proof/proof.ts';
import type { Kill, ProofResult } from '../proof/proof.ts';
import { count } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

interface ProofFlags extends GlobalFlags {
  readonly seconds: number;
  readonly clients: number;
}

export function addProof(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'proof',
    summary:
      'Write with many clients, kill -9 the server at random moments, start it again, and look for every entry.',
    examples: [
      ['daybook proof', 'about 10 seconds, 32 clients, 3 kills'],
      ['daybook proof --seconds 60 --clients 128', 'longer and wider'],
      ['daybook proof --json', 'for scripts; exit code 1 when an entry is lost, doubled or changed'],
    ],
  })
    .option('--seconds <n>', 'about how long, 3 to 600', wholeNumber(3, 600), 10)
    .option('--clients <n>', 'how many write at once, 1 to 1000', wholeNumber(1, 1000), 32)
    .action(action(cli, (flags: ProofFlags) => proof(cli.terminal, flags)));
}

async function proof(terminal: Terminal, { seconds, clients, json = false }: ProofFlags): Promise<number> {
  // Leaving by process.exit runs what the proof has set up to end its server.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => process.exit(EXIT_FAILURE));
  const say = (text: string): void => void (json || terminal.line(text));
  const result = await prove({
    clients,
    seconds,
    onStart: ({ directory, durability }) =>
      say(`${clients} clients write to a new Daybook in ${directory} (durability ${durability}).`),
    onKill: (kill) => say(describeKill(kill)),
    onProgress: ({ acknowledged, atMs }) =>
      terminal.progress(`${toSeconds(atMs)}  ${count(acknowledged)} acknowledged`),
  });
  terminal.endProgress();
  await terminal.line(json ? JSON.stringify(result) : describe(result));
  return isProven(result) ? EXIT_OK : EXIT_FAILURE;
}

function isProven({ acknowledged, lost, twice, changed, ledgerBalanced }: ProofResult): boolean {
  return acknowledged > 0 && lost === 0 && twice === 0 && changed === 0 && ledgerBalanced;
}

function describeKill({ atMs, acknowledged, readyAfterMs }: Kill): string {
  return `${toSeconds(atMs)}  kill -9 after ${count(acknowledged)} acknowledged; started again, ready in ${Math.round(readyAfterMs)} ms`;
}

function describe({ acknowledged, found, lost, twice, changed, ...rest }: ProofResult): string {
  const { cutOff, repeated, unanswered, ledgerBalanced } = rest;
  return [
    `acknowledged ${count(acknowledged)} · found ${count(found)} · lost ${count(lost)} · twice ${count(twice)}`,
    `${changed === 0 ? 'Every payload and stamp is unchanged' : `CHANGED: ${count(changed)}`}; ` +
      `the ledger ${ledgerBalanced ? 'balances' : 'DOES NOT BALANCE'}. ` +
      `The kills cut off ${count(cutOff)} requests: ${count(repeated)} had an idempotency key and were repeated, ` +
      `of the others ${count(unanswered)} are on record.`,
  ].join('\n');
}

function toSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}

function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${from} to ${to}.`);
  };
}

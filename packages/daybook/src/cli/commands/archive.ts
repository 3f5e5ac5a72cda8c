/**
 * `daybook archive`: what the store has is written to object storage, from where the last run ended. Works on the store
 * itself, with the configuration of a server.
 */
import type { Command } from 'commander';

import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import type { GlobalFlags } from '../connection.ts';
import { EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';

interface ArchiveFlags extends GlobalFlags {
  readonly config?: string;
  readonly store?: string;
  readonly objects?: string;
  readonly minutes?: string;
}

const MINUTE_MS = 60_000;
/** A week; a timer of Node.js holds 24 days. */
const MAX_MINUTES = 10_080;

export function addArchive(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'archive',
    summary: 'Write what is new in the store as segments to object storage, and end. For a schedule.',
    examples: [
      ['daybook archive --store "$URL" --objects s3://bucket/', 'all that no segment has yet'],
      ['daybook archive --minutes 55', 'for at most so long: the next run goes on'],
    ],
  })
    .option('--config <file>', 'configuration file, as that of the server')
    .option('--store <url>', 'postgres://… or dynamodb://… (default: as the server finds it)')
    .option('--objects <url>', 'file: or s3://… for the segments (default: as the server finds it)')
    .option('--minutes <number>', 'end after so many (default: when nothing is left)')
    .action(action(cli, (flags: ArchiveFlags) => archive(flags)));
}

/** @returns the exit code: 1 when a register failed. SIGTERM and Ctrl-C end it in order. */
async function archive(flags: ArchiveFlags): Promise<number> {
  const forMs = parseMinutes(flags.minutes);
  // Loaded here only: a `daybook post` has no use for a driver.
  const { loadConfig } = await import('../../config/load.ts');
  const { createLog } = await import('../../telemetry/log.ts');
  const { runArchive } = await import('../../run-archive.ts');
  const { config: file, store, objects, dataDir } = flags;
  const config = await loadConfig({
    ...(file !== undefined && { DAYBOOK_CONFIG: file }),
    ...(store !== undefined && { DAYBOOK_STORE: store }),
    ...(objects !== undefined && { DAYBOOK_OBJECTS: objects }),
    ...(dataDir !== undefined && { DAYBOOK_DATA_DIR: dataDir }),
  });
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const timer = forMs === undefined ? undefined : setTimeout(end, forMs);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, end);
  try {
    const { failures } = await runArchive(config, createLog(config.logLevel), stop.signal);
    return failures.length === 0 ? EXIT_OK : EXIT_FAILURE;
  } finally {
    clearTimeout(timer);
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, end);
  }
}

/** @throws {UsageError} */
function parseMinutes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const minutes = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Infinity;
  if (minutes <= MAX_MINUTES) return minutes * MINUTE_MS;
  throw new UsageError(`--minutes: expected a whole number from 1 to ${MAX_MINUTES}; given ${text}`);
}

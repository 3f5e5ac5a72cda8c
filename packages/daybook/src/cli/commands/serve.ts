/**
 * `daybook serve`: flags are the environment variables of the configuration by another name, and win over them.
 */
import { flushCompileCache } from 'node:module';

import type { Command } from 'commander';

import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';

interface ServeFlags {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly basePath?: string;
  readonly store?: string;
  readonly queue?: string;
  readonly objects?: string;
  readonly roles?: string;
  readonly region?: string;
  readonly rateLimit?: string;
  readonly logLevel?: string;
  readonly untilStdinEnds?: boolean;
  /** Of the global flags. */
  readonly dataDir?: string;
}

const VARIABLES: Readonly<Record<keyof Omit<ServeFlags, 'untilStdinEnds'>, string>> = {
  config: 'DAYBOOK_CONFIG',
  host: 'DAYBOOK_HOST',
  port: 'DAYBOOK_PORT',
  basePath: 'DAYBOOK_BASE_PATH',
  dataDir: 'DAYBOOK_DATA_DIR',
  store: 'DAYBOOK_STORE',
  queue: 'DAYBOOK_QUEUE',
  objects: 'DAYBOOK_OBJECTS',
  roles: 'DAYBOOK_ROLES',
  region: 'DAYBOOK_REGION',
  rateLimit: 'DAYBOOK_RATE_LIMIT',
  logLevel: 'DAYBOOK_LOG_LEVEL',
};

export function addServe(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'serve',
    summary: 'Start the server; SIGTERM and Ctrl-C end it gracefully.',
    examples: [
      ['daybook serve', 'on http://127.0.0.1:3000, data in ./data'],
      ['daybook serve --port 0 --data-dir /var/lib/daybook', 'on a free port'],
      ['daybook serve --config ./daybook.config.ts', 'with registers of your own'],
    ],
  })
    .option(
      '--config <file>',
      'configuration file (default: daybook.config.ts, .js or .json, if there is one)',
    )
    .option('--host <host>', 'address to bind (default: 127.0.0.1)')
    .option('--port <port>', 'port, 0 for a free one (default: 3000)')
    .option('--base-path <path>', 'prefix of all paths, such as /dev')
    .option('--store <url>', 'sqlite:, postgres://… or dynamodb://… (default: sqlite:)')
    .option('--queue <url>', 'none, sqlite: or sqs://… (default: none, or sqlite: before another store)')
    .option('--objects <url>', 'file: or s3://… for dead letters (default: file:)')
    .option('--roles <list>', 'any of api,web,persister (default: all)')
    .option('--region <name>', 'the region that entries are stamped with (default: local)')
    .option('--rate-limit <on|off>', 'off takes the rate limits off all registers')
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent (default: info)')
    .option(
      '--until-stdin-ends',
      'end gracefully with the program that holds the other end of standard input, however that one ends',
    )
    .action(
      action(cli, async ({ untilStdinEnds = false, ...flags }: ServeFlags) => {
        // Loaded here only: a `daybook post` has no use for a server.
        const { runServer } = await import('../../main.ts');
        // Node.js keeps compiled code when a process ends in order. A server may end otherwise, and starts again then.
        flushCompileCache();
        return runServer({ overrides: toVariables(flags), untilStdinEnds });
      }),
    );
}

function toVariables(flags: Omit<ServeFlags, 'untilStdinEnds'>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [flag, variable] of Object.entries(VARIABLES)) {
    const value = flags[flag as keyof typeof VARIABLES];
    if (value !== undefined) variables[variable] = value;
  }
  return variables;
}

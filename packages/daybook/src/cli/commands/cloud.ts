/**
 * `daybook cloud`: hands everything to the package `daybook-cloud`, which deploys to AWS and operates what is there. It is
 * part of a checkout and not of this package, whose users should not install what only they need who deploy.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

import { commandEnvironment, readCliEnvironment } from '../../config/cli-environment.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import type { GlobalFlags } from '../connection.ts';
import { CommandError, EXIT_FAILURE } from '../failure.ts';

const PACKAGE = 'daybook-cloud/package.json';

/** @param resolve gives the URL of a module, as `import.meta.resolve` does. */
export function addCloud(
  program: Command,
  cli: Cli,
  resolve: (name: string) => string = (name) => import.meta.resolve(name),
): void {
  defineCommand(program, {
    usage: 'cloud [arguments...]',
    summary: 'Deploy to AWS and operate what is there: plan, apply, status, logs, restore and others.',
    examples: [
      ['daybook cloud --help', 'all of its commands'],
      ['daybook cloud plan -c daybook.cloud.ts -e dev', 'what would change'],
    ],
  })
    .helpOption(false)
    .allowUnknownOption()
    .action(
      action(cli, async (flags: GlobalFlags, ...args) => {
        const main = findMain(resolve);
        const given = [...args.flat(), ...(flags.json === true ? ['--json'] : [])];
        // Not as an argument: every user of this machine could read it there.
        const { apiKey = readCliEnvironment().apiKey } = flags;
        return runMain(main, given, apiKey === undefined ? {} : { DAYBOOK_API_KEY: apiKey });
      }),
    );
}

/** @throws {CommandError} where there is none. */
function findMain(resolve: (name: string) => string): string {
  try {
    return fileURLToPath(new URL('src/main.ts', resolve(PACKAGE)));
  } catch (cause) {
    throw new CommandError(
      'cloud: expected the package daybook-cloud beside this one, found none; run it in a checkout of Daybook after "npm ci"',
      { cause },
    );
  }
}

const ignore = (): void => {};

/** It runs from its sources, and so does what it imports of this package. @returns its exit code. */
async function runMain(
  main: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(process.execPath, ['--conditions=daybook-source', main, ...args], {
    env: commandEnvironment(variables),
    stdio: 'inherit',
  });
  // The terminal sends it to both; the child decides.
  process.on('SIGINT', ignore);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? EXIT_FAILURE;
  } finally {
    process.off('SIGINT', ignore);
  }
}

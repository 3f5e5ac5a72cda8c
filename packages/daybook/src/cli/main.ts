/**
 * The command line: `run` parses it, runs one command, and turns whatever happens into an exit code.
 */
import { Command, CommanderError } from 'commander';

import { version } from '../config/version.ts';
import type { Cli } from './cli.ts';
import { addArchive } from './commands/archive.ts';
import { addCloud } from './commands/cloud.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDrain } from './commands/drain.ts';
import { addKeys } from './commands/keys.ts';
import { addList } from './commands/list.ts';
import { addPost } from './commands/post.ts';
import { addProof } from './commands/proof.ts';
import { addRegisters } from './commands/registers.ts';
import { addRenewEpoch } from './commands/renew-epoch.ts';
import { addServe } from './commands/serve.ts';
import { addStatus } from './commands/status.ts';
import { addToken } from './commands/token.ts';
import { addTail } from './commands/tail.ts';
import { describeFailure, EXIT_OK, EXIT_USAGE, exitCodeOf, failureToJson } from './failure.ts';
import { createTerminal, printable } from './terminal.ts';

/**
 * @param argv what follows the program's name.
 * @returns 0 when it worked, 1 when it did not, 2 when it was called wrongly.
 */
export async function run(argv: readonly string[]): Promise<number> {
  const cli: Cli = { terminal: createTerminal(), exitCode: EXIT_OK };
  const program = createProgram(cli);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    const asJson = program.opts<{ json?: boolean }>().json === true;
    cli.terminal.note(asJson ? failureToJson(thrown) : printable(`daybook: ${describeFailure(thrown)}`));
    return exitCodeOf(thrown);
  }
}

function createProgram(cli: Cli): Command {
  const program = new Command('daybook')
    .description('POST it, and it is on record: a durable register of moments.')
    .version(version)
    .option('--url <url>', 'the server (default: DAYBOOK_URL, else http://127.0.0.1:3000)')
    .option(
      '--api-key <key>',
      'a credential: an API key, a token, the admin key (default: DAYBOOK_API_KEY, else <data-dir>/admin.key for what only an admin may)',
    )
    .option('--data-dir <path>', "the server's data directory (default: DAYBOOK_DATA_DIR, else ./data)")
    .option('--json', 'answers as JSON, one document a line')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addHelpText('after', '\nTimes are UTC. Exit codes: 0 done, 1 failed, 2 called wrongly.');
  const verbs = [
    addServe,
    addPost,
    addList,
    addTail,
    addStatus,
    addDrain,
    addRegisters,
    addDeadLetters,
    addKeys,
    addToken,
    addRenewEpoch,
    addArchive,
    addProof,
    addCloud,
  ];
  for (const add of verbs) add(program, cli);
  for (const command of withCommands(program)) {
    command.configureOutput({
      outputError: (text, write) => write(`${describeMisuse(text, command)}\n`),
    });
  }
  return program;
}

/** The command and all below it. */
function withCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withCommands)];
}

/** commander says it in one line or two: "error: unknown option '--ordr'\n(Did you mean --order?)". */
function describeMisuse(text: string, command: Command): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return printable(`daybook: ${said}; see "${pathOf(command)} --help"`);
}

/** `daybook dead-letters list` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

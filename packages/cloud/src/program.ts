/**
 * The command line: `run` parses it, runs one command, and turns whatever happens into an exit code.
 */
import { Command, CommanderError } from 'commander';

import type { Host, Run } from './commands/cloud.ts';
import { addAdminKey } from './commands/admin-key.ts';
import { addApply } from './commands/apply.ts';
import { addBackup } from './commands/backup.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDestroy } from './commands/destroy.ts';
import { addDrain, addUndrain } from './commands/drain.ts';
import { addDiagram } from './commands/diagram.ts';
import { addLogs } from './commands/logs.ts';
import { addOutputs } from './commands/outputs.ts';
import { addPlanDestroy } from './commands/plan-destroy.ts';
import { addPlan } from './commands/plan.ts';
import { addRenewEpoch } from './commands/renew-epoch.ts';
import { addReplicate } from './commands/replicate.ts';
import { addRestore } from './commands/restore.ts';
import { addRollback } from './commands/rollback.ts';
import { addScale } from './commands/scale.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addSynth } from './commands/synth.ts';
import { EXIT_OK, EXIT_USAGE, exitCodeOf, toOneLine } from './failure.ts';
import { printable } from './terminal.ts';

const COMMANDS = [
  addPlan,
  addApply,
  addRollback,
  addPlanDestroy,
  addDestroy,
  addOutputs,
  addStatus,
  addLogs,
  addStart,
  addStop,
  addScale,
  addDeadLetters,
  addDrain,
  addUndrain,
  addBackup,
  addRestore,
  addReplicate,
  addRenewEpoch,
  addAdminKey,
  addSynth,
  addDiagram,
];

/**
 * @param argv what follows the program's name.
 * @returns 0 when it worked, 1 when it did not, 2 when it was called wrongly.
 */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  const running: Run = { host, exitCode: EXIT_OK };
  const program = createProgram(running);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return running.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    const message = printable(toOneLine(thrown));
    const isJson = program.opts<{ json?: boolean }>().json === true;
    host.terminal.note(isJson ? JSON.stringify({ error: { message } }) : `daybook cloud: ${message}`);
    return exitCodeOf(thrown);
  }
}

function createProgram(running: Run): Command {
  const program = new Command('daybook cloud')
    .description('Daybook on AWS: deploys and operates one environment of a configuration file.')
    .option('-c, --config <file>', 'the configuration (default: daybook.cloud.ts)')
    .option('-e, --environment <name>', 'poc, dev or prd')
    .option('--profile <name>', "of AWS's shared configuration files (default: AWS_PROFILE)")
    .option('--api-key <key>', 'what callers of the deployment present (default: DAYBOOK_API_KEY)')
    .option('--json', 'answers as JSON')
    .option(
      '--dry-run',
      'show every call to AWS and every run of the CDK, one JSON document a line; send none',
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addHelpText('after', '\nTimes are UTC. Exit codes: 0 done, 1 failed, 2 called wrongly.');
  for (const add of COMMANDS) add(program, running);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => running.host.terminal.line(text.trimEnd()),
      writeErr: (text) => running.host.terminal.note(text.trimEnd()),
      outputError: (text, write) => write(describeMisuse(text)),
    });
  }
  return program;
}

/** commander says it in one line or two: "error: unknown option '--ordr'\n(Did you mean --order?)". */
function describeMisuse(text: string): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return printable(`daybook cloud: ${said}; see "npm run cloud -- --help"`);
}

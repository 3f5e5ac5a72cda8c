/**
 * Runs the examples of a document in order, against a fresh server, as its reader would run them: documents write
 * http://127.0.0.1:3000 for the address and `data` for the data directory, and commands run in the root of the checkout.
 */
import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { promisify } from 'node:util';

import type { StartedDaybook } from '../support/start-daybook.ts';
import type { ConsoleExample } from './document.ts';
import { ROOT } from './document.ts';
import { createBindings } from './output-pattern.ts';

const SHOWN_ADDRESS = 'http://127.0.0.1:3000';
const TIMEOUT_MS = 60_000;
const ASSIGNMENT = /^([A-Z][A-Z_]*)=\$\(/;
const VALUE_FOLLOWS = '\u0001';
/** curl as on a terminal: without the meter that it shows while its output goes elsewhere. And our own command. */
const PRELUDE = `
curl() { command curl --no-progress-meter "$@"; }
daybook() { node '${ROOT}packages/daybook/bin/daybook.js' "$@"; }
`;

const run = promisify(execFile);

/** @throws {AssertionError} at the first example whose output is another than the document shows. */
export async function runExamples(
  examples: readonly ConsoleExample[],
  server: StartedDaybook,
): Promise<void> {
  const bindings = createBindings();
  const variables: Record<string, string> = {};
  for (const { place, command, output } of examples) {
    const given = await runCommand(toReal(bindings.apply(command), server), server, variables);
    bindings.match(place, output, given.replaceAll(server.address, SHOWN_ADDRESS));
  }
}

function toReal(command: string, { address, dataDir }: StartedDaybook): string {
  return command
    .replaceAll(/http:\/\/(?:127\.0\.0\.1|localhost):3000/g, address)
    .replaceAll(/(?<![\w/.-])(?:\.\/)?data\/(?=[a-z])/g, `${dataDir}/`);
}

/**
 * Standard output and error together, as a terminal shows them; the exit code does not count. What the command assigns
 * to a variable of the shell is there for the later ones.
 */
async function runCommand(
  command: string,
  { address, dataDir }: StartedDaybook,
  variables: Record<string, string>,
): Promise<string> {
  const assigned = ASSIGNMENT.exec(command)?.[1];
  const env = {
    ...variables,
    PATH: [`${ROOT}node_modules/.bin`, dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: process.env['HOME'],
    LC_ALL: 'C.UTF-8',
    // What npm has to say of the machine's own settings is in no document.
    npm_config_loglevel: 'error',
    npm_config_update_notifier: 'false',
    DAYBOOK_URL: address,
    DAYBOOK_DATA_DIR: dataDir,
  };
  const tell = assigned === undefined ? '' : `\nprintf '${VALUE_FOLLOWS}%s' "$${assigned}"`;
  const script = `${PRELUDE}{ ${command}\n} 2>&1${tell}`;
  // A command that fails has an output too: that of an example about a failure.
  const { stdout } = await run('bash', ['-c', script], { cwd: ROOT, env, timeout: TIMEOUT_MS }).catch(
    (failure: unknown) => {
      if (failure instanceof Error && 'stdout' in failure && 'killed' in failure && failure.killed !== true)
        return failure as Error & { stdout: string };
      throw failure;
    },
  );
  if (assigned === undefined) return stdout;
  const [shown = '', value = ''] = stdout.split(VALUE_FOLLOWS);
  variables[assigned] = value;
  return shown;
}

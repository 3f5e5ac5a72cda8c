/**
 * Runs the programs that a check needs, from outside of the checkout's own environment: as a user's shell would find
 * them, not as `npm run` does. A child stays in the process group of the check, so whoever ends the check ends both.
 */
import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';

/** The environment without what `npm run` or a caller's Daybook settings added to it. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined && !/^(?:npm_|DAYBOOK_|NODE_OPTIONS$|INIT_CWD$)/.test(pair[0]),
  );
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !/[\\/]node_modules[\\/]/.test(`${folder}/`))
    .join(delimiter);
  return { ...Object.fromEntries(kept), PATH: path };
}

export interface CommandOptions {
  readonly cwd: string;
  /** Put before the folders of `PATH`. */
  readonly pathFirst?: string;
}

/**
 * Runs a program to its end, its output going to ours.
 * @throws {Error} when it cannot be started or ends with anything but 0.
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions): void {
  const env = plainEnvironment();
  if (options.pathFirst !== undefined) env['PATH'] = `${options.pathFirst}${delimiter}${env['PATH'] ?? ''}`;
  const { status, signal, error } = spawnSync(program, args, { cwd: options.cwd, env, stdio: 'inherit' });
  if (status !== 0) {
    const end = error?.message ?? (signal === null ? `exit code ${status}` : `signal ${signal}`);
    throw new Error(`${program} ${args.join(' ')}: ${end}`, { cause: error });
  }
}

/** One line of what a check has found out. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

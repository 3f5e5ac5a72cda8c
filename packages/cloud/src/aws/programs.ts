/**
 * The programs that do a part of the work: the CDK's command line, and Daybook's own. Each is run by Node from where it is
 * installed, with its arguments as they are: no shell reads them.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ProgramCall {
  readonly program: 'cdk' | 'daybook';
  readonly args: readonly string[];
  /** Over those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its answers go to standard error as well, because ours are read by a program. */
  readonly quiet?: boolean;
}

/** @returns the exit code; 1 where a signal ended it. */
export type RunProgram = (call: ProgramCall) => Promise<number>;

const FILES: Readonly<Record<ProgramCall['program'], () => URL>> = {
  cdk: () => new URL('bin/cdk', import.meta.resolve('aws-cdk/package.json')),
  daybook: () => new URL('bin/daybook.js', import.meta.resolve('daybook/package.json')),
};

/** Nothing is told to anybody but AWS, and nothing is fetched but from it. */
const ENVIRONMENT = { CDK_DISABLE_CLI_TELEMETRY: 'true' };

const ignore = (): void => undefined;

/** The terminal is the program's while it runs: what stops us from there stops it as well. */
export const runProgram: RunProgram = async ({ program, args, env, quiet = false }) => {
  const child = spawn(process.execPath, [fileURLToPath(FILES[program]()), ...args], {
    env: { ...process.env, ...ENVIRONMENT, ...env },
    stdio: ['inherit', quiet ? 2 : 'inherit', 'inherit'],
  });
  process.on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    process.off('SIGINT', ignore);
  }
};

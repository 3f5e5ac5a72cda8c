/**
 * The CDK's command line, on an assembly that is there already: it synthesises nothing, looks nothing up and asks nothing.
 */
import { CommandError } from '../failure.ts';
import type { RunProgram } from './programs.ts';

export interface CdkOptions {
  readonly runProgram: RunProgram;
  readonly profile: string | undefined;
  /** Our answers are read by a program. */
  readonly json: boolean;
}

export interface DeployOptions {
  /**
   * What was made stays when something fails, and the next deployment goes on from there; default: CloudFormation goes back.
   * Only for a stack that was never whole: nothing of it can be replaced then ("Choose how to handle failures when
   * provisioning resources", AWS CloudFormation User Guide).
   */
  readonly keepsWhatWasMade?: boolean;
}

export interface Cdk {
  /** Shows what would change. */
  diff(directory: string, ids: readonly string[]): Promise<void>;
  deploy(directory: string, id: string, options?: DeployOptions): Promise<void>;
  destroy(directory: string, id: string): Promise<void>;
  bootstrap(account: string, region: string): Promise<void>;
}

/** Each throws {CommandError} when the CDK ends with another code than 0; it has said why by then. */
export function createCdk({ runProgram, profile, json }: CdkOptions): Cdk {
  const common = ['--no-notices', ...(profile === undefined ? [] : ['--profile', profile])];

  async function run(what: string, args: readonly string[]): Promise<void> {
    const code = await runProgram({ program: 'cdk', args: [...args, ...common], quiet: json });
    if (code !== 0) throw new CommandError(`${what}: the CDK ended with code ${code}; it says why above`);
  }

  return {
    diff: (directory, ids) => run('diff', ['diff', '--app', directory, ...ids, '--exclusively']),
    deploy: (directory, id, { keepsWhatWasMade = false } = {}) =>
      run(`deploy ${id}`, [
        'deploy',
        '--app',
        directory,
        id,
        '--exclusively',
        // Asked by us, for all of it at once.
        '--require-approval',
        'never',
        '--progress',
        'events',
        ...(keepsWhatWasMade ? ['--no-rollback'] : []),
      ]),
    destroy: (directory, id) =>
      run(`destroy ${id}`, ['destroy', '--app', directory, id, '--exclusively', '--force']),
    bootstrap: (account, region) => run(`bootstrap ${region}`, ['bootstrap', `aws://${account}/${region}`]),
  };
}

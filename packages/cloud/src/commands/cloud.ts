/**
 * What every command gets: one environment of one configuration file, the calls to AWS, the terminal. Nothing is loaded,
 * synthesised or asked of AWS before a command needs it.
 */
import type { Command } from 'commander';

import type { Assembly, PlannedStack } from '../aws/assembly.ts';
import { readAssembly } from '../aws/assembly.ts';
import type { AwsCalls } from '../aws/aws-calls.ts';
import type { ShownCall } from '../aws/dry-run-calls.ts';
import { createDryRunCalls } from '../aws/dry-run-calls.ts';
import type { RunProgram } from '../aws/programs.ts';
import type { writeScale } from '../config/scale-file.ts';
import type { Deployment } from '../config/schema.ts';
import { EXIT_OK, UsageError } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

/** What a process has: given by `main.ts`, and by tests. */
export interface Host {
  readonly terminal: Terminal;
  /** @param profile of the shared configuration files; default AWS_PROFILE, else `default`. */
  readonly createCalls: (profile: string | undefined) => AwsCalls;
  readonly runProgram: RunProgram;
  readonly fetch: typeof globalThis.fetch;
  readonly loadDeployment: (file: string, environment: string) => Promise<Deployment>;
  /** Beside the configuration. @returns the file. */
  readonly writeScale: typeof writeScale;
  /** Writes the cloud assembly of a deployment into an empty directory. */
  readonly synthesise: (deployment: Deployment, directory: string) => Promise<void>;
  /** An empty directory that goes with the process. */
  readonly temporaryDirectory: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  /** DAYBOOK_API_KEY. */
  readonly apiKey: string | undefined;
}

export interface GlobalFlags {
  readonly config?: string;
  readonly environment?: string;
  readonly profile?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

export interface Cloud extends Omit<Host, 'createCalls' | 'loadDeployment' | 'synthesise' | 'apiKey'> {
  readonly deployment: Deployment;
  readonly configFile: string;
  readonly calls: AwsCalls;
  readonly profile: string | undefined;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly apiKey: string | undefined;
  /** Such as `daybook-prd`: what a person types to destroy it. */
  readonly label: string;
  /** In the order of deployment; synthesised by the first call. */
  assembly(): Promise<Assembly>;
  stacks(): Promise<readonly PlannedStack[]>;
  /** Shows what a dry run does not do. */
  show(call: ShownCall): void;
}

/** In the working directory. */
export const DEFAULT_FILE = 'daybook.cloud.ts';

/** @throws {UsageError} {ConfigError} in one line: file and key or flag, expected, given. */
async function openCloud(host: Host, flags: GlobalFlags): Promise<Cloud> {
  const { config = DEFAULT_FILE, environment, profile, json = false, dryRun = false } = flags;
  if (environment === undefined) {
    throw new UsageError('-e, --environment: expected one of poc, dev, prd; given none');
  }
  const { loadDeployment, synthesise, createCalls, ...rest } = host;
  const deployment = await loadDeployment(config, environment);
  let synthesised: Promise<Assembly> | undefined;

  async function synthesiseOnce(): Promise<Assembly> {
    host.terminal.progress(`synthesising ${deployment.name} for ${deployment.environment}`);
    const directory = host.temporaryDirectory();
    await synthesise(deployment, directory);
    return readAssembly(directory);
  }
  const assembly = (): Promise<Assembly> => (synthesised ??= synthesiseOnce());
  const show = (call: ShownCall): void => host.terminal.line(JSON.stringify(call));

  return {
    ...rest,
    deployment,
    configFile: config,
    calls: dryRun ? createDryRunCalls({ deployment, assembly, show }) : createCalls(profile),
    profile,
    json,
    dryRun,
    apiKey: flags.apiKey ?? host.apiKey,
    label: `${deployment.name}-${deployment.environment}`,
    assembly,
    stacks: async () => (await assembly()).stacks,
    show,
    async runProgram(call) {
      if (!dryRun) return host.runProgram(call);
      show({ service: call.program, operation: call.args[0] ?? '', input: { args: call.args } });
      return EXIT_OK;
    },
    // What a dry run waits for is there already.
    sleep: async (ms) => (dryRun ? undefined : host.sleep(ms)),
  };
}

/** Where a command leaves its exit code. */
export interface Run {
  readonly host: Host;
  exitCode: number;
}

/** Runs a command's work for the environment that its flags name. @param work gives the exit code; default 0. */
export function action(
  run: Run,
  work: (cloud: Cloud, flags: never, ...args: string[]) => Promise<number | void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    // commander passes the arguments, the command's own flags, and the command.
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2).flat() as string[];
    const flags = command.optsWithGlobals<GlobalFlags>();
    const cloud = await openCloud(run.host, flags);
    run.exitCode = (await work(cloud, flags as never, ...args)) ?? EXIT_OK;
  };
}

export interface CommandText {
  /** The verb and its arguments, as commander reads them. */
  readonly usage: string;
  readonly summary: string;
  /** A call and what it does. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
}

/** Adds a command with its examples. */
export function defineCommand(program: Command, { usage, summary, examples }: CommandText): Command {
  const width = Math.max(...examples.map(([call]) => call.length));
  const lines = examples.map(([call, effect]) => `  $ npm run cloud -- ${call.padEnd(width)}  ${effect}`);
  return program
    .command(usage)
    .description(summary)
    .addHelpText('after', `\nExamples:\n${lines.map((line) => line.trimEnd()).join('\n')}`);
}

/**
 * The process of a command, for tests: a terminal that is remembered, programs that are remembered and not run, answers of
 * AWS by the name of the call. Whatever is not given answers as if everything were deployed as it was synthesised.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readAssembly } from '../../src/aws/assembly.ts';
import type { Template } from '../../src/aws/assembly.ts';
import type { Answer, AwsCalls, CallName, Input } from '../../src/aws/aws-calls.ts';
import { createDryRunCalls } from '../../src/aws/dry-run-calls.ts';
import type { ProgramCall } from '../../src/aws/programs.ts';
import type { Host } from '../../src/commands/cloud.ts';
import { parseDeployment } from '../../src/config/load.ts';
import { run } from '../../src/program.ts';
import { ACCOUNT, appTemplate, writeSmallAssembly } from './small-assembly.ts';

export type Answers = {
  readonly [Name in CallName]?: (input: Input<Name>, region: string) => Answer<Name> | Promise<Answer<Name>>;
};

export interface TestRunOptions {
  readonly answers?: Answers;
  readonly template?: Template;
  /** Default: the small one, with `template` as its application. */
  readonly writeAssembly?: (directory: string) => void;
  /** What a person types, question after question; default: there is no terminal. */
  readonly typed?: readonly string[];
  readonly runProgram?: (call: ProgramCall) => number | Promise<number>;
  readonly fetch?: typeof globalThis.fetch;
  readonly apiKey?: string;
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly onSleep?: (ms: number) => void | Promise<void>;
}

export interface TestRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Such as `sts:GetCallerIdentity`, and `cdk deploy`, in their order. */
  readonly calls: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly input: unknown }[];
  readonly programs: readonly ProgramCall[];
  /** What `scale` wrote beside the configuration. */
  readonly written: readonly unknown[];
}

const CONFIGURATION = {
  name: 'daybook',
  account: ACCOUNT,
  front: { kind: 'rest-api' },
  registers: { app: { access: 'open' }, closed: { access: 'key' } },
};

const made = new Set<string>();
process.once('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-commands-'));
  made.add(directory);
  return directory;
}

/** @param argv without `-e dev`, which is given. */
export async function runCloud(argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> {
  const { answers = {}, template = appTemplate, typed, onSleep } = options;
  const { writeAssembly = (directory) => writeSmallAssembly(directory, template) } = options;
  const out: string[] = [];
  const err: string[] = [];
  const calls: string[] = [];
  const inputs: { name: string; input: unknown }[] = [];
  const programs: ProgramCall[] = [];
  const written: unknown[] = [];
  const left = [...(typed ?? [])];
  let nowMs = Date.parse('2026-11-21T08:00:00Z');
  const planned = temporaryDirectory();
  writeAssembly(planned);
  const defaults = createDryRunCalls({
    deployment: { account: ACCOUNT },
    assembly: async () => readAssembly(planned),
    show: () => {},
  });
  const aws: AwsCalls = {
    async send<Name extends CallName>(name: Name, region: string, input: Input<Name>): Promise<Answer<Name>> {
      calls.push(name);
      inputs.push({ name, input });
      return (await answers[name]?.(input, region)) ?? defaults.send(name, region, input);
    },
  };
  const host: Host = {
    terminal: {
      canAsk: typed !== undefined,
      line: (text) => void out.push(text),
      note: (text) => void err.push(text),
      progress: () => {},
      ask: async (question) => {
        err.push(question);
        return left.shift() ?? '';
      },
      paint: (_style, text) => text,
    },
    createCalls: () => aws,
    async runProgram(call) {
      calls.push(`${call.program} ${call.args[0]}`);
      programs.push(call);
      return (await options.runProgram?.(call)) ?? 0;
    },
    fetch: options.fetch ?? (() => Promise.reject(new Error('nothing listens in this test'))),
    loadDeployment: async (file, environment) =>
      parseDeployment({ ...CONFIGURATION, ...options.configuration }, environment, file),
    writeScale: (file, environment, tier, bounds) => {
      written.push({ file, environment, tier, bounds });
      return `${file}.scale.json`;
    },
    synthesise: async (_deployment, directory) => writeAssembly(directory),
    temporaryDirectory,
    async sleep(ms) {
      nowMs += ms;
      await onSleep?.(ms);
    },
    nowMs: () => nowMs,
    apiKey: options.apiKey,
  };
  const code = await run([...argv, '-e', 'dev'], host);
  return { code, stdout: out.join('\n'), stderr: err.join('\n'), calls, inputs, programs, written };
}

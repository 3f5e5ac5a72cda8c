/**
 * The pipelines that come with the repository, and what they run: the text of every step.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export const PIPELINES = {
  pullRequest: '.github/workflows/pull-request.yml',
  main: '.github/workflows/main.yml',
  gitlab: '.gitlab-ci.yml',
  azure: 'azure-pipelines.yml',
} as const;
export type Pipeline = keyof typeof PIPELINES;

export const textOf = (pipeline: Pipeline): string => readFileSync(`${ROOT}${PIPELINES[pipeline]}`, 'utf8');

type Node = string | number | boolean | null | readonly Node[] | { readonly [key: string]: Node };

/** Where a step's commands stand, in each of the three languages. */
const COMMANDS = ['run', 'script', 'inlineScript', 'before_script', 'after_script'];

/** Every command, in the order of the file. */
export function commandsOf(pipeline: Pipeline): string[] {
  const commands: string[] = [];
  const visit = (node: Node): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      const lines = [value].flat();
      if (COMMANDS.includes(key) && lines.every((line) => typeof line === 'string'))
        commands.push(...lines.flatMap((line) => line.trim().split('\n')));
      else visit(value);
    }
  };
  visit(parse(textOf(pipeline)) as Node);
  return commands;
}

export interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly environment?: string;
  readonly needs?: string;
  readonly if?: string;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

export interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

export const workflowOf = (pipeline: 'pullRequest' | 'main'): Workflow => parse(textOf(pipeline)) as Workflow;

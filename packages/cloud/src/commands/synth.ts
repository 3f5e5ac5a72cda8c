/**
 * `synth`: writes the cloud assembly, for whoever wants to read the templates or scan them. Asks nothing of AWS.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';

import { UsageError } from '../failure.ts';
import { toTable } from '../terminal.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { writePlanRecord } from './plan-record.ts';

interface SynthFlags extends GlobalFlags {
  readonly out: string;
}

export function addSynth(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'synth',
    summary: 'Write the templates and everything that they need into a directory. Needs no credentials.',
    examples: [['synth -e dev --out cdk.out', 'the cloud assembly of dev']],
  })
    .option('--out <directory>', 'empty, or not there yet', 'cdk.out')
    .action(
      action(run, async (cloud, { out }: SynthFlags) => {
        await keepAssembly(cloud, out);
        writePlanRecord(out, cloud.label);
        const { terminal, json } = cloud;
        const stacks = await cloud.stacks();
        if (json) {
          const rows = stacks.map(({ id, name, region, template }) => ({
            id,
            name,
            region,
            resources: Object.keys(template.Resources ?? {}).length,
          }));
          terminal.line(JSON.stringify({ directory: resolve(out), stacks: rows }));
          return;
        }
        terminal.line(
          toTable(
            stacks.map(({ name, region, template }) => [
              name,
              region,
              `${Object.keys(template.Resources ?? {}).length} resources`,
            ]),
          ),
        );
        terminal.note(`written to ${out}`);
      }),
    );
}

/** @throws {UsageError} when there is something already. */
export async function keepAssembly(cloud: Cloud, out: string): Promise<void> {
  assertEmpty(out);
  const { directory } = await cloud.assembly();
  mkdirSync(out, { recursive: true });
  await cp(directory, out, { recursive: true });
}

export function assertEmpty(out: string, flag = '--out'): void {
  if (!existsSync(out) || readdirSync(out).length === 0) return;
  throw new UsageError(`${flag}: expected an empty directory, given ${out}, which has files`);
}

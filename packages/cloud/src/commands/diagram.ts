/**
 * `diagram`: draws the deployment of the first region, from its templates. Asks nothing of AWS.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';

import { drawDiagram } from '../diagram/diagram.ts';
import type { GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';

interface DiagramFlags extends GlobalFlags {
  readonly out: string;
}

export function addDiagram(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'diagram',
    summary: 'Draw the deployment as an SVG, from its templates. Needs no credentials.',
    examples: [['diagram -e prd --out prd.svg', 'a picture that a browser shows']],
  })
    .option('--out <file>', 'written over if it is there', 'diagram.svg')
    .action(
      action(run, async (cloud, { out }: DiagramFlags) => {
        const [region] = cloud.deployment.regions;
        const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
        writeFileSync(out, drawDiagram(stacks, cloud.label));
        cloud.terminal.note(`written to ${out}`);
      }),
    );
}

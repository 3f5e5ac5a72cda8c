/**
 * `diagram`: draws the deployment from its templates, with all of its regions. Asks nothing of AWS.
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
        const { regions } = cloud.deployment;
        writeFileSync(out, drawDiagram(await cloud.stacks(), { title: cloud.label, regions }));
        cloud.terminal.note(`written to ${out}`);
      }),
    );
}

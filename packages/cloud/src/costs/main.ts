/**
 * Prints the estimate of `docs/aws-costs.md`: `node --conditions=daybook-source packages/cloud/src/costs/main.ts`. It
 * synthesises the topologies of `examples/` and asks nothing of AWS.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildApp } from '../app.ts';
import { parseDeployment } from '../config/load.ts';
import { buildBundles } from '../functions/bundles.ts';
import type { CostTemplate } from './cost-template.ts';
import type { Estimated } from './report.ts';
import { costReport } from './report.ts';

const TOPOLOGIES = ['alb-lambda', 'gateway-queue', 'jwt-gateway', 'two-region', 'three-tier'] as const;
const EXAMPLES = new URL('../../../../examples/topologies/', import.meta.url);

const directory = await mkdtemp(join(tmpdir(), 'daybook-costs-'));
try {
  const bundles = await buildBundles();
  const production: Estimated[] = [];
  for (const topology of TOPOLOGIES) {
    const { default: config } = (await import(new URL(`${topology}.ts`, EXAMPLES).href)) as {
      default: unknown;
    };
    const deployment = parseDeployment(config, 'prd');
    const { stacks } = buildApp({ deployment, outdir: join(directory, topology), bundles }).synth();
    const templates = stacks.map(({ template }) => template as CostTemplate);
    production.push({ topology, deployment, templates });
  }
  process.stdout.write(`${costReport(production)}\n`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

/**
 * The topologies of `examples/`, synthesised as `npm run cloud -- synth` does it, with functions of one line: what is in a
 * bundle is the affair of the tests that run it. Nothing stays on the disk.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { App } from 'aws-cdk-lib';
import type { HandlerName } from 'daybook/deployment';
import { HANDLERS } from 'daybook/deployment';

import { buildApp } from '../../src/app.ts';
import { parseDeployment } from '../../src/config/load.ts';
import { merge } from '../../src/config/merge.ts';
import type { Deployment, EnvironmentName } from '../../src/config/schema.ts';
import type { Bundles } from '../../src/functions/bundles.ts';
import type { ResolvedStack, Template } from '../local/template/resolve-template.ts';
import { resolveTemplate } from '../local/template/resolve-template.ts';

export const TOPOLOGIES = ['alb-lambda', 'gateway-queue', 'jwt-gateway'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export interface Synthesis {
  readonly deployment: Deployment;
  /** By the name of the stack. */
  readonly templates: ReadonlyMap<string, Template>;
  readonly missing: readonly unknown[];
  /** Of each stack. */
  readonly places: readonly {
    readonly account: string;
    readonly region: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  /** What CDK's own checks and cdk-nag had to say, as in `validation-report.json`. */
  readonly findings: readonly unknown[];
  readonly app: App;
}

export const EXAMPLES = fileURLToPath(new URL('../../../../examples/topologies/', import.meta.url));

export async function exampleOf(topology: Topology): Promise<Readonly<Record<string, unknown>>> {
  const module = (await import(`${EXAMPLES}${topology}.ts`)) as {
    readonly default: Readonly<Record<string, unknown>>;
  };
  return module.default;
}

/** @param change laid over the example, for every environment. @param before given the app before it is synthesised. */
export async function synthesize(
  topology: Topology,
  environment: EnvironmentName,
  change: Readonly<Record<string, unknown>> = {},
  before: (app: App) => void = () => undefined,
): Promise<Synthesis> {
  const deployment = parseDeployment(merge(await exampleOf(topology), change), environment);
  const directory = mkdtempSync(join(tmpdir(), 'daybook-synth-'));
  try {
    const outdir = join(directory, 'out');
    const app = buildApp({ deployment, outdir, bundles: oneLineBundles(join(directory, 'bundles')) });
    before(app);
    const { stacks, manifest } = app.synth();
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
      readonly pluginReports: readonly unknown[];
    };
    return {
      deployment,
      templates: new Map(stacks.map(({ stackName, template }) => [stackName, template as Template])),
      missing: manifest.missing ?? [],
      places: stacks.map(({ environment: { account, region }, tags }) => ({ account, region, tags })),
      findings: report.pluginReports,
      app,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function oneLineBundles(directory: string): Bundles {
  for (const name of HANDLERS) {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
  }
  const paths = HANDLERS.map((name) => [name, join(directory, name)] as const);
  return Object.fromEntries(paths) as Record<HandlerName, string>;
}

/** The stacks with names in place of references, the network before the application. */
export function resolveStacks({ deployment, templates }: Synthesis): readonly ResolvedStack[] {
  const { account, regions } = deployment;
  const [region = ''] = regions;
  const exports = new Map<string, unknown>();
  return [...templates].map(([stackName, template]) => {
    const stack = resolveTemplate(template, { stackName, account, region }, (name) => exports.get(name));
    for (const [name, value] of stack.exports()) exports.set(name, value);
    return stack;
  });
}

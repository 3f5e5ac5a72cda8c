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

/** Functions and a table. */
export const TOPOLOGIES = ['alb-lambda', 'gateway-queue', 'jwt-gateway'] as const;
export type Topology = (typeof TOPOLOGIES)[number];
/** Of several regions, for tests that know of them. */
export const REGIONS_TOPOLOGY = 'two-region';
/** On servers, for tests that know of them. */
export const TIERS_TOPOLOGY = 'three-tier';
export const EVERY_TOPOLOGY = [...TOPOLOGIES, REGIONS_TOPOLOGY, TIERS_TOPOLOGY] as const;
type Example = (typeof EVERY_TOPOLOGY)[number];

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
  /** What cdk-nag and, unless it is skipped, CDK's own check had to say, as in `validation-report.json`. */
  readonly findings: readonly unknown[];
  readonly app: App;
}

export const EXAMPLES = fileURLToPath(new URL('../../../../examples/topologies/', import.meta.url));

export async function exampleOf(topology: Example): Promise<Readonly<Record<string, unknown>>> {
  const module = (await import(`${EXAMPLES}${topology}.ts`)) as {
    readonly default: Readonly<Record<string, unknown>>;
  };
  return module.default;
}

let templatesAreChecked = true;

/**
 * For a test file that only looks something up in templates which others judge: CDK checks each against CloudFormation's
 * own schema, which takes three times as long as the synthesis.
 */
export function skipTemplateCheck(): void {
  templatesAreChecked = false;
}

/** CDK reads from the environment whether to check. */
function synth(app: App): ReturnType<App['synth']> {
  if (templatesAreChecked) return app.synth();
  const { CDK_VALIDATION: given } = process.env;
  process.env['CDK_VALIDATION'] = 'false';
  try {
    return app.synth();
  } finally {
    if (given === undefined) delete process.env['CDK_VALIDATION'];
    else process.env['CDK_VALIDATION'] = given;
  }
}

/** @param change laid over the example, for every environment. @param before given the app before it is synthesised. */
export async function synthesize(
  topology: Example,
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
    const { stacks, manifest } = synth(app);
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

/** A resource with names in place of references; only what is asked for is resolved. */
export interface DeployedResource {
  readonly id: string;
  readonly type: string;
  has(name: string): boolean;
  property(name: string): unknown;
  readonly arn: () => string;
}

/** By the name of the stack, in the order in which they are deployed. */
export function resolvedStacksOf({ deployment, templates }: Synthesis): ReadonlyMap<string, ResolvedStack> {
  const { account, regions } = deployment;
  const [region = ''] = regions;
  const stacks = new Map<string, ResolvedStack>();
  const importValue = (name: string): unknown => {
    for (const [stackName, stack] of stacks) {
      const { Outputs = {} } = templates.get(stackName) ?? {};
      const found = Object.values(Outputs).find(({ Export }) => Export?.Name === name);
      if (found !== undefined) return stack.resolve(found.Value);
    }
    return undefined;
  };
  const outputOf = (stackName: string, name: string): unknown => stacks.get(stackName)?.output(name);
  for (const [stackName, template] of templates)
    stacks.set(stackName, resolveTemplate(template, { stackName, account, region }, importValue, outputOf));
  return stacks;
}

export function resourcesOf(synthesis: Synthesis): readonly DeployedResource[] {
  const { templates } = synthesis;
  const stacks = resolvedStacksOf(synthesis);
  return [...templates].flatMap(([stackName, { Resources = {} }]) =>
    Object.entries(Resources).map(([id, { Type: type, Properties = {} }]) => ({
      id,
      type,
      has: (name: string) => name in Properties,
      property: (name: string) => stacks.get(stackName)?.resolve(Properties[name]),
      arn: () => stacks.get(stackName)?.resource(id).attribute('Arn') ?? '',
    })),
  );
}

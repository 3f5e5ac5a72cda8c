/**
 * Synthesises a configuration, as `npm run cloud` does, and gives its application with every name resolved: what the
 * local run is made of. The account is the one that the local services have.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildApp } from '../../src/app.ts';
import { parseDeployment } from '../../src/config/load.ts';
import type { CloudConfig, EnvironmentName } from '../../src/config/schema.ts';
import { buildBundles } from '../../src/functions/bundles.ts';
import type { ResolvedStack, Template } from './template/resolve-template.ts';
import { resolveTemplate } from './template/resolve-template.ts';

/** Of every queue, topic and bucket of fauxqs. */
const LOCAL_ACCOUNT = '000000000000';

export interface Assembly {
  readonly application: ResolvedStack;
  readonly stacks: readonly ResolvedStack[];
  /** @param code the property `Code` of a function. @returns the directory that would be uploaded. */
  directoryOf(code: unknown): string;
  /** Removes what was synthesised; the bundles stay, for the next one. */
  dispose(): Promise<void>;
}

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
}

/** @throws what stops a synthesis: a bad value, a finding of cdk-nag, a template that is not valid. */
export async function synthesise(config: CloudConfig, environment: EnvironmentName): Promise<Assembly> {
  const outdir = await mkdtemp(join(tmpdir(), 'daybook-cloud-'));
  const dispose = (): Promise<void> => rm(outdir, { recursive: true, force: true });
  try {
    return { ...(await build(config, environment, outdir)), dispose };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

async function build(
  config: CloudConfig,
  environment: EnvironmentName,
  outdir: string,
): Promise<Omit<Assembly, 'dispose'>> {
  const deployment = parseDeployment({ ...config, account: LOCAL_ACCOUNT }, environment);
  const assembly = buildApp({ deployment, outdir, bundles: await buildBundles() }).synth();
  const assets = new Map<string, string>();
  const stacks: ResolvedStack[] = [];
  for (const { stackName, id, template, environment: place } of assembly.stacks) {
    const manifest = JSON.parse(await readFile(join(outdir, `${id}.assets.json`), 'utf8')) as AssetManifest;
    for (const [key, { source }] of Object.entries(manifest.files))
      assets.set(key, join(outdir, source.path));
    const importValue = (name: string): unknown => {
      const value = stacks.map((stack) => stack.exported(name)).find((one) => one !== undefined);
      if (value !== undefined) return value;
      throw new Error(`${stackName}: expected an export of another stack, given ${name}`);
    };
    const named = { stackName, account: place.account, region: place.region };
    stacks.push(resolveTemplate(template as Template, named, importValue));
  }
  const application = stacks.find((stack) => stack.resources('AWS::DynamoDB::Table').length > 0);
  if (application === undefined) throw new Error('expected a stack with a table');
  return {
    application,
    stacks,
    directoryOf(code) {
      const { S3Key } = code as { readonly S3Key: string };
      const directory = assets.get(S3Key.replace(/\.zip$/, ''));
      if (directory === undefined) throw new Error(`expected an asset of the assembly, given ${S3Key}`);
      return directory;
    },
  };
}

/**
 * What is deployed, as an assembly to go back to: the templates that CloudFormation has, with the stacks' own settings.
 * Code and images are not in it: the templates name them by their hashes, and the bootstrap's bucket and repository keep
 * what was published under them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Assembly, PlannedStack, Template } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { deployedTemplate, isUnfinished } from './stacks.ts';

interface StackArtifact {
  readonly type: string;
  readonly displayName?: string;
  readonly dependencies?: readonly string[];
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackTemplateAssetObjectUrl?: string;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

interface Manifest {
  readonly version: string;
  readonly artifacts?: Readonly<Record<string, StackArtifact>>;
}

interface AssetManifest {
  readonly version: string;
  readonly files?: Readonly<Record<string, FileAsset>>;
}

interface FileAsset {
  readonly source: { readonly path?: string };
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
  readonly [other: string]: unknown;
}

const STACK = 'aws:cloudformation:stack';
const ASSETS = 'cdk:asset-manifest';

/**
 * @param directory is made. Nothing is written when nothing is deployed.
 * @returns the names of the stacks that are kept, in the order of deployment: those that were whole once.
 */
export async function keepDeployed(
  calls: AwsCalls,
  assembly: Assembly,
  directory: string,
): Promise<readonly string[]> {
  const kept: { stack: PlannedStack; template: Template }[] = [];
  for (const stack of assembly.stacks) {
    const template = await deployedTemplate(calls, stack);
    if (template === undefined || (await isUnfinished(calls, stack))) continue;
    kept.push({ stack, template });
  }
  if (kept.length === 0) return [];
  mkdirSync(directory, { recursive: true });
  const manifest = readJson(join(assembly.directory, 'manifest.json')) as Manifest;
  const byName = new Map(kept.map(({ stack, template }) => [stack.name, template]));
  const artifacts = Object.entries(manifest.artifacts ?? {}).filter(([id, artifact]) => {
    const stack = artifact.type === STACK ? id : ownerOf(id, artifact);
    return stack !== undefined && byName.has(nameOf(manifest, stack));
  });
  const ids = new Set(artifacts.map(([id]) => id));
  const written = artifacts.map(([id, artifact]) => {
    const dependencies = (artifact.dependencies ?? []).filter((needed) => ids.has(needed));
    if (artifact.type !== STACK) return [id, { ...artifact, dependencies }] as const;
    const text = `${JSON.stringify(byName.get(nameOf(manifest, id)), null, 1)}\n`;
    return [id, writeStack(assembly.directory, directory, id, { ...artifact, dependencies }, text)] as const;
  });
  writeJson(join(directory, 'manifest.json'), {
    version: manifest.version,
    artifacts: Object.fromEntries(written),
  });
  return kept.map(({ stack }) => stack.name);
}

/** The template goes up to the bootstrap's bucket like any other asset, by the hash of what is in it. */
function writeStack(
  from: string,
  to: string,
  id: string,
  artifact: StackArtifact,
  text: string,
): StackArtifact {
  const file = artifact.properties?.templateFile ?? `${id}.template.json`;
  const hash = createHash('sha256').update(text).digest('hex');
  writeFileSync(join(to, file), text);
  const assets = readJson(join(from, `${id}.assets.json`)) as AssetManifest;
  const template = Object.values(assets.files ?? {}).find(({ source }) => source.path === file);
  if (template === undefined)
    throw new Error(`${id}.assets.json: expected the template ${file} among the files`);
  const destinations = Object.entries(template.destinations).map(([name, destination]) => [
    name,
    { ...destination, objectKey: `${hash}.json` },
  ]);
  const own = { ...template, destinations: Object.fromEntries(destinations) };
  writeJson(join(to, `${id}.assets.json`), {
    version: assets.version,
    files: { [hash]: own },
    dockerImages: {},
  });
  const url = artifact.properties?.stackTemplateAssetObjectUrl?.replace(/[^/]+$/, `${hash}.json`);
  return {
    ...artifact,
    // Of the assembly that is deployed next, and it stays there.
    additionalMetadataFile: undefined,
    properties: { ...artifact.properties, ...(url !== undefined && { stackTemplateAssetObjectUrl: url }) },
  };
}

/** The stack whose assets these are. */
function ownerOf(id: string, { type }: StackArtifact): string | undefined {
  return type === ASSETS ? id.replace(/\.assets$/, '') : undefined;
}

function nameOf({ artifacts = {} }: Manifest, id: string): string {
  const name = artifacts[id]?.properties?.['stackName'];
  return typeof name === 'string' ? name : id;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}

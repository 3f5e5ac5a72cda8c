/**
 * What was synthesised: the stacks of a cloud assembly in the order in which they are deployed, and a digest, so that
 * what is deployed is what was planned.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

/** Of a CloudFormation template, what the commands look at. */
export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value?: unknown; readonly Description?: string }>>;
}

export interface PlannedStack {
  /** In the assembly, as the CDK's command line takes it. */
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly template: Template;
}

export interface Assembly {
  readonly directory: string;
  /** What others need comes before them. */
  readonly stacks: readonly PlannedStack[];
  /** Of the CDK's bootstrap stack, in every region. */
  readonly bootstrapVersion: number;
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly dependencies?: readonly string[];
  readonly properties?: {
    readonly templateFile?: string;
    readonly stackName?: string;
    readonly requiresBootstrapStackVersion?: number;
  };
}

export function readAssembly(directory: string): Assembly {
  const { artifacts = {} } = readJson(join(directory, 'manifest.json')) as {
    readonly artifacts?: Readonly<Record<string, Artifact>>;
  };
  const versions = Object.values(artifacts).map(
    ({ properties }) => properties?.requiresBootstrapStackVersion ?? 0,
  );
  const stacks = inOrder(artifacts).flatMap(([id, { type, environment = '', displayName, properties }]) => {
    if (type !== 'aws:cloudformation:stack') return [];
    return {
      id: displayName ?? id,
      name: properties?.stackName ?? id,
      // aws://account/region
      region: environment.split('/').at(-1) ?? '',
      template: readJson(join(directory, properties?.templateFile ?? '')) as Template,
    };
  });
  return { directory, stacks, bootstrapVersion: Math.max(0, ...versions) };
}

/** Over every file: a template, an asset or the manifest that changed is another assembly. */
export function digestOf(directory: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${file.slice(directory.length)}\n${bytes.byteLength}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function inOrder(artifacts: Readonly<Record<string, Artifact>>): [string, Artifact][] {
  const ordered = new Map<string, Artifact>();
  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (artifact === undefined || ordered.has(id)) return;
    for (const dependency of artifact.dependencies ?? []) visit(dependency);
    ordered.set(id, artifact);
  };
  for (const id of Object.keys(artifacts)) visit(id);
  return [...ordered];
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

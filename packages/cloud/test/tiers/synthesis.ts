/**
 * The topology of three tiers, synthesised once for all tests of a file, and what they look for in it.
 */
import assert from 'node:assert/strict';

import type { EnvironmentName } from '../../src/config/schema.ts';
import type { TierName } from '../../src/config/service-schema.ts';
import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { synthesize } from '../support/topologies.ts';

const made = new Map<string, Promise<Synthesis>>();

export function threeTier(
  environment: EnvironmentName,
  change: Readonly<Record<string, unknown>> = {},
): Promise<Synthesis> {
  const key = environment + JSON.stringify(change);
  const synthesis = made.get(key) ?? synthesize('three-tier', environment, change);
  made.set(key, synthesis);
  return synthesis;
}

export interface Container extends Values {
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly MountPoints: readonly Values[];
}

/** Of the tier's task definition. */
export function taskOf(synthesis: Synthesis, tier: TierName): Resource {
  const found = all(synthesis, 'AWS::ECS::TaskDefinition').find(
    (task) => variablesOf(task)['DAYBOOK_ROLES'] === tier,
  );
  assert.ok(found, tier);
  return found;
}

export function containerOf({ Properties }: Resource): Container {
  const containers = Properties['ContainerDefinitions'] as readonly Container[];
  assert.equal(containers.length, 1);
  return containers[0] as Container;
}

export function variablesOf(task: Resource): Readonly<Record<string, unknown>> {
  return Object.fromEntries(containerOf(task).Environment.map(({ Name, Value }) => [Name, Value]));
}

export function serviceOf(synthesis: Synthesis, tier: TierName): Resource {
  const task = taskOf(synthesis, tier);
  const found = all(synthesis, 'AWS::ECS::Service').find(
    ({ Properties }) => (Properties['TaskDefinition'] as { readonly Ref: string }).Ref === task.id,
  );
  assert.ok(found, tier);
  return found;
}

/** The configuration that a container is given. */
export function configOf(task: Resource): Readonly<Record<string, unknown>> {
  const [, base64 = ''] = String(variablesOf(task)['DAYBOOK_CONFIG']).split('base64,');
  return JSON.parse(Buffer.from(base64, 'base64').toString()) as Readonly<Record<string, unknown>>;
}

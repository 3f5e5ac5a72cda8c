/**
 * The tiers that run on servers, each with what its task definition and its scaling say of it.
 */
import type { Part, PartName } from './part.ts';
import type { Found, References } from './references.ts';

const TIERS: readonly (readonly [name: PartName, title: string])[] = [
  ['web', 'Web'],
  ['api', 'API'],
  ['persister', 'Persister'],
];
/** "Task size", Amazon ECS Developer Guide: units of one processor. */
const UNITS = 1_024;

export function tiersShown(from: References): Part[] {
  const services = from.all('AWS::ECS::Service');
  return TIERS.flatMap(([name, title]): Part[] => {
    const resource = services.find((one) => {
      const task = taskOf(one, from);
      return task !== undefined && variableOf(task, 'DAYBOOK_ROLES') === name;
    });
    if (resource === undefined) return [];
    const { Cpu, Memory } = taskOf(resource, from)?.properties ?? {};
    const lines = [
      `Fargate, ${boundsOf(resource, from)}`,
      `${Number(Cpu) / UNITS} vCPU, ${Number(Memory) / UNITS} GB each`,
    ];
    return [{ name, kind: 'function', title, lines, inside: true, resource }];
  });
}

/** Of a service. */
export function taskOf({ properties }: Found, from: References): Found | undefined {
  return from.within(properties['TaskDefinition'], 'AWS::ECS::TaskDefinition')[0];
}

/** What the container of a task is told under a name. */
export function variableOf({ properties }: Found, name: string): unknown {
  const [container] = properties['ContainerDefinitions'] as readonly {
    readonly Environment?: readonly { readonly Name: string; readonly Value: unknown }[];
  }[];
  return container?.Environment?.find(({ Name }) => Name === name)?.Value;
}

/** Such as "2 to 4 tasks". */
function boundsOf(service: Found, from: References): string {
  const target = from
    .all('AWS::ApplicationAutoScaling::ScalableTarget')
    .find(({ properties }) => from.within(properties['ResourceId'], 'AWS::ECS::Service').includes(service));
  const { MinCapacity, MaxCapacity } = target?.properties ?? {};
  return `${String(MinCapacity)} to ${String(MaxCapacity)} tasks`;
}

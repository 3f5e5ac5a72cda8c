/**
 * A topology's templates as text to compare: a line for each property of each resource, and before it in which of the
 * environments it is so. What every build changes (hashes of code, ids made of them) is left out.
 */
import type { EnvironmentName } from '../../src/config/schema.ts';
import type { Synthesis } from './topologies.ts';

const HASH = /\b[0-9a-f]{64}\b/g;
/** A version of a function and a deployment of an API are called after the hash of what they hold. */
const HASHED_ID = /(CurrentVersion|Deployment)[0-9A-Fa-f]{8}[0-9a-f]{32}/g;

export function toSnapshot(syntheses: Readonly<Record<EnvironmentName, Synthesis>>): string {
  const environments = Object.keys(syntheses) as EnvironmentName[];
  const having = new Map<string, EnvironmentName[]>();
  for (const environment of environments) {
    for (const line of linesOf(syntheses[environment])) {
      const known = having.get(line) ?? [];
      having.set(line, [...known, environment]);
    }
  }
  const text = [...having].map(([line, its]) => {
    const where = environments.map((name) => (its.includes(name) ? name : '   ')).join(' ');
    return `${where} │ ${line}`;
  });
  return `${text.toSorted((a, b) => compare(a.slice(a.indexOf('│')), b.slice(b.indexOf('│')))).join('\n')}\n`;
}

function linesOf({ deployment, templates }: Synthesis): string[] {
  const { name, environment, regions } = deployment;
  const [region = ''] = regions;
  return [...templates].flatMap(([stackName, { Resources = {}, Outputs = {} }]) => {
    const stack = stackName.slice(`${name}-${environment}-`.length).replace(`${region}-`, '');
    const resources = Object.entries(Resources).flatMap(([id, { Type, Properties = {}, ...rest }]) => {
      const { Metadata: _, ...beside } = rest as Readonly<Record<string, unknown>>;
      return [
        `${id} ${Type}`,
        ...Object.entries({ ...beside, ...Properties }).map(
          ([key, value]) => `${id}.${key} ${JSON.stringify(value)}`,
        ),
      ];
    });
    const outputs = Object.entries(Outputs).map(
      ([id, { Value }]) => `Outputs.${id} ${JSON.stringify(Value)}`,
    );
    return [...resources, ...outputs].map((line) =>
      `${stack} ${line}`
        .replaceAll(`${name}-${environment}`, '<deployment>')
        .replaceAll(`${name}${environment}`.replaceAll('-', ''), '<deployment>')
        .replaceAll(HASH, '<hash>')
        .replaceAll(HASHED_ID, '$1<hash>'),
    );
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

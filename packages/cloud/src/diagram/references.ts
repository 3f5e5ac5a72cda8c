/**
 * The resources of a region's templates, and which of them another one speaks of: what everything in a picture is derived
 * from. Exports between stacks are not followed; nothing that is drawn hangs on one.
 */
import type { PlannedStack, TemplateResource } from '../aws/assembly.ts';

type Values = Readonly<Record<string, unknown>>;

export interface Found {
  readonly id: string;
  readonly type: string;
  readonly properties: Values;
}

export interface References {
  all(type: string): readonly Found[];
  get(id: string): Found | undefined;
  /** Of one type, those that a value speaks of. */
  within(value: unknown, type: string): readonly Found[];
  /** The same of functions, also by an alias. */
  functionsWithin(value: unknown): readonly Found[];
}

export function readReferences(stacks: readonly Pick<PlannedStack, 'template'>[]): References {
  const resources = new Map<string, Found>(
    stacks.flatMap(({ template: { Resources = {} } }) =>
      Object.entries(Resources).map(([id, resource]) => [id, toFound(id, resource)] as const),
    ),
  );
  const get = (id: string): Found | undefined => resources.get(id);

  function within(value: unknown, type: string): Found[] {
    return [...idsWithin(value)].flatMap((id) => {
      const found = get(id);
      return found?.type === type ? [found] : [];
    });
  }

  return {
    all: (type) => [...resources.values()].filter((one) => one.type === type),
    get,
    within,
    functionsWithin(value) {
      const byAlias = within(value, 'AWS::Lambda::Alias').flatMap(({ properties }) =>
        within(properties['FunctionName'], 'AWS::Lambda::Function'),
      );
      return [...within(value, 'AWS::Lambda::Function'), ...byAlias];
    },
  };
}

function toFound(id: string, { Type, Properties = {} }: TemplateResource): Found {
  return { id, type: Type, properties: Properties };
}

/** Every `Ref` and `Fn::GetAtt` in a value, however deep. */
function idsWithin(value: unknown, ids = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return ids;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'Ref' && typeof inner === 'string') ids.add(inner);
    else if (key === 'Fn::GetAtt' && Array.isArray(inner) && typeof inner[0] === 'string') ids.add(inner[0]);
    else idsWithin(inner, ids);
  }
  return ids;
}

/** @returns an empty object where there is none. */
export function valuesAt(properties: Values, ...path: readonly string[]): Values {
  let value: unknown = properties;
  for (const key of path) value = (value as Values | undefined)?.[key];
  return typeof value === 'object' && value !== null ? (value as Values) : {};
}

/**
 * Resources of templates as they are written, by their type, for tests that hold one against another.
 */
import type { TemplateResource } from '../local/template/resolve-template.ts';
import type { Synthesis } from './topologies.ts';

export type Values = Readonly<Record<string, unknown>>;
export interface Resource extends TemplateResource {
  readonly id: string;
  readonly Properties: Values;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export function all({ templates }: Synthesis, type: string): Resource[] {
  return [...templates.values()].flatMap(({ Resources = {} }) =>
    Object.entries(Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, resource]) => ({ ...resource, id, Properties: resource.Properties ?? {} })),
  );
}

/** Of Daybook's own; CDK has some for the deployment. */
export function functionsOf(synthesis: Synthesis): Resource[] {
  return all(synthesis, 'AWS::Lambda::Function').filter(({ Properties }) =>
    String(Properties['Description']).startsWith('Daybook: '),
  );
}

export function variablesOf({ Properties }: Resource): Readonly<Record<string, unknown>> {
  return (Properties['Environment'] as { readonly Variables: Values }).Variables;
}

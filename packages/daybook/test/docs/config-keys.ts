/**
 * The keys of a configuration schema as its documentation names them: `limits.maxHeaderBytes`,
 * `registers.<name>.aliases[].path`, each with the words of what it expects and its default.
 */
import { z } from 'zod';

export interface ConfigKey {
  readonly key: string;
  /** As `leaf` describes it; undefined for what has keys of its own. */
  readonly expected: string | undefined;
  readonly default: string;
}

/** As the documentation writes defaults: JSON, `none` for a key that may be absent, `required` for one that may not. */
export function configKeys(schema: z.ZodType, prefix = ''): ConfigKey[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, member]) => {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const { inner, fallback } = unwrap(member);
      const { description } = inner;
      return [{ key, expected: description, default: fallback }, ...configKeys(inner, key)];
    });
  }
  if (schema instanceof z.ZodArray) return configKeys(schema.element as z.ZodType, `${prefix}[]`);
  if (schema instanceof z.ZodRecord) return configKeys(schema.valueType as z.ZodType, `${prefix}.<name>`);
  return [];
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; fallback: string } {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const { innerType, defaultValue } = schema.def;
    return { inner: innerType as z.ZodType, fallback: JSON.stringify(defaultValue) };
  }
  if (schema instanceof z.ZodOptional) return { inner: schema.def.innerType as z.ZodType, fallback: 'none' };
  return { inner: schema, fallback: 'required' };
}

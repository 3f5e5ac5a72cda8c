/**
 * What a JSON Schema (draft 7) finds wrong with a YAML file, in few words: a schema of pipelines tries every kind of step
 * there is, so what it says by itself is hundreds of lines of what the step is not.
 */
import type { ErrorObject } from 'ajv';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

export type JsonSchema = { readonly [key: string]: unknown };

/** How scalars are read: `strings` as Azure Pipelines does, everything as text; `values` as YAML 1.2 has it. */
export type Scalars = 'strings' | 'values';

const MAX_SHOWN = 8;
/** Keywords that say that a value is not of one kind, which is true of all kinds but one. */
const WHICH_KIND = new Set(['anyOf', 'oneOf', 'pattern', 'enum', 'const', 'if']);

/** @returns what is wrong at the deepest places, at most eight; none when the schema takes the file. */
export function faultsOf(text: string, schema: JsonSchema, scalars: Scalars): string[] {
  // Patterns of published schemas escape more than the `u` flag allows, and keywords of editors stand among theirs.
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);
  if (validate(parse(text, { schema: scalars === 'strings' ? 'failsafe' : 'core' }))) return [];
  const errors = validate.errors ?? [];
  const depth = Math.max(...errors.map(depthOf));
  const deepest = errors.filter((error) => depthOf(error) === depth);
  const telling = deepest.filter(({ keyword }) => !WHICH_KIND.has(keyword));
  const shown = (telling.length > 0 ? telling : deepest).map(
    ({ instancePath, message = '', params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
  return [...new Set(shown)].slice(0, MAX_SHOWN);
}

function depthOf({ instancePath }: ErrorObject): number {
  return instancePath.split('/').length;
}

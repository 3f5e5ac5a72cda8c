/**
 * Payloads against the JSON Schema of their register. The compiler is loaded with the first payload that needs it:
 * most registers have no schema.
 */
import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type Ajv2020 from 'ajv/dist/2020.js';
import type addFormats from 'ajv-formats';

import { DaybookError, toError } from './errors.ts';
import type { Register } from './register.ts';

/** Named in the answer; the rest is only counted. */
const MAX_NAMED = 10;

const require = createRequire(import.meta.url);
let loaded: { readonly Ajv: typeof Ajv2020.default; readonly formats: typeof addFormats.default } | undefined;
const compiled = new WeakMap<object, ValidateFunction>();

/** In a bundle nothing can be required when it is needed: there this comes before the first schema. */
export async function loadSchemaCompiler(): Promise<void> {
  if (loaded !== undefined) return;
  const [{ default: ajv }, { default: formats }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
  ]);
  loaded = { Ajv: ajv.default, formats: formats.default };
}

function requireSchemaCompiler(): NonNullable<typeof loaded> {
  const { default: Ajv } = require('ajv/dist/2020.js') as { default: typeof Ajv2020.default };
  const { default: formats } = require('ajv-formats') as { default: typeof addFormats.default };
  return { Ajv, formats };
}

/** @throws {Error} when it is no JSON Schema. */
export function compileSchema(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  loaded ??= requireSchemaCompiler();
  const { Ajv, formats } = loaded;
  const ajv = new Ajv({
    allErrors: true,
    // What every object inherits is no field of a payload.
    ownProperties: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
  });
  formats(ajv);
  return ajv.compile(schema);
}

/** @throws {DaybookError} PAYLOAD_INVALID, naming the fields. */
export function assertMatchesSchema(
  { name, schema }: Register,
  { json, payload }: { readonly json?: unknown; readonly payload?: Uint8Array },
): void {
  if (schema === undefined) return;
  if (json === undefined) {
    const given = payload === undefined ? 'none' : 'one that is no JSON';
    throw invalid(
      `body: expected a JSON payload that matches the schema of register "${name}", given ${given}`,
      [],
    );
  }
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = compileSchema(schema);
    compiled.set(schema, validate);
  }
  if (validate(json)) return;
  const errors = validate.errors ?? [];
  const named = errors.slice(0, MAX_NAMED).map(toFieldError);
  const more = errors.length > named.length ? `; and ${errors.length - named.length} more` : '';
  const texts = named.map(
    ({ pointer, expected }) => `${pointer === '' ? 'the payload' : pointer} ${expected}`,
  );
  throw invalid(
    `body: expected a payload that matches the schema of register "${name}": ${texts.join('; ')}${more}`,
    named,
  );
}

interface FieldError {
  /** A JSON Pointer (RFC 6901) into the payload; empty for the whole of it. */
  readonly pointer: string;
  readonly expected: string;
}

/** A missing field is named itself, not the object that lacks it. The payload's own values are not repeated. */
function toFieldError({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  if (keyword === 'required') {
    const { missingProperty } = params as { readonly missingProperty: string };
    const escaped = missingProperty.replaceAll('~', '~0').replaceAll('/', '~1');
    return { pointer: `${instancePath}/${escaped}`, expected: 'must be there' };
  }
  return { pointer: instancePath, expected: message ?? `must match ${keyword}` };
}

function invalid(message: string, errors: readonly FieldError[]): DaybookError {
  return new DaybookError('PAYLOAD_INVALID', message, { outcome: 'not-written', members: { errors } });
}

/** For the configuration. @returns why it is no schema; undefined when it is one. */
export function schemaFault(schema: Readonly<Record<string, unknown>>): string | undefined {
  try {
    compileSchema(schema);
    return undefined;
  } catch (thrown) {
    return toError(thrown).message;
  }
}

/**
 * Loads the configuration: defaults, then the file, then the environment, then flags. Parsed once, at the edge, into a
 * frozen object; with `cli-environment.ts` the only place that reads `process.env`.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';

import { INTERNAL_REGISTERS } from '../access/internal-records.ts';
import { StartError, toError } from '../errors.ts';
import { loadSchemaCompiler, schemaFault } from '../payload-schema.ts';
import type { Register } from '../register.ts';
import { show } from './leaf.ts';
import { assertOnePassword } from './password-from.ts';
import { FILE_VARIABLE, readEnvironment } from './read-environment.ts';
import { AUDIT_REGISTER, DEFAULT_REGISTERS, registerSchema, toRegister } from './register-schema.ts';
import type { ParsedConfig } from './schema.ts';
import { configSchema, DRIVER_KEYS, ENVIRONMENT, isObject } from './schema.ts';

export interface Config extends Omit<ParsedConfig, 'registers'> {
  readonly registers: readonly Register[];
}

const FILE_NAMES = ['daybook.config.ts', 'daybook.config.js', 'daybook.config.json'];

/**
 * @param flags values by the name of their environment variable; they win over it.
 * @throws {StartError} one line: the key, what was expected, what was given.
 */
export async function loadConfig(
  flags: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Config> {
  const variables = { ...environment, ...flags };
  const file = await findFile(variables[FILE_VARIABLE]);
  const given = file === undefined ? {} : expandUrls(await readFile(file));
  const overrides = readEnvironment(variables);
  for (const key of DRIVER_KEYS) {
    // Another URL keeps the other settings of the file.
    if (key in overrides && isPlainObject(given[key]))
      overrides[key] = { ...given[key], ...(overrides[key] as object) };
  }
  if (hasSchema(given)) await loadSchemaCompiler();
  return parseConfig({ ...given, ...overrides }, file);
}

function hasSchema({ registers }: Record<string, unknown>): boolean {
  return (
    isPlainObject(registers) && Object.values(registers).some((one) => isPlainObject(one) && 'schema' in one)
  );
}

/** A driver may be given as its URL alone. */
function expandUrls(given: Record<string, unknown>): Record<string, unknown> {
  const expanded = { ...given };
  for (const key of DRIVER_KEYS) {
    if (typeof expanded[key] === 'string') expanded[key] = { url: expanded[key] };
  }
  return expanded;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses what a configuration file exports. @param file named in messages. */
export function parseConfig(given: unknown, file?: string): Config {
  const expanded = isPlainObject(given) ? expandUrls(given) : given;
  const { registers, ...rest } = parse(configSchema, expanded, file);
  const byName = new Map(
    Object.entries(DEFAULT_REGISTERS).map(([name, value]) => [name, parse(registerSchema, value)]),
  );
  for (const [name, value] of Object.entries(registers)) byName.set(name, value);
  assertNotInternal(Object.keys(registers), file);
  assertSchemasCompile(registers, file);
  const all = [...byName].map(([name, value]) => toRegister(name, value));
  const config = { ...rest, registers: [...all, AUDIT_REGISTER] };
  assertBodiesFit(config, file);
  assertOwnersAreKnown(config, file);
  assertOnePassword(config.store, file);
  return deepFreeze(config);
}

function assertNotInternal(names: readonly string[], file?: string): void {
  const taken = names.find((name) => (INTERNAL_REGISTERS as readonly string[]).includes(name));
  if (taken === undefined) return;
  throw new StartError(
    `${prefix(file)}registers.${taken}: expected another name, because Daybook keeps what it puts on record itself under this one`,
  );
}

/** Those of the defaults do, and the compiler is not loaded for them. */
function assertSchemasCompile(registers: ParsedConfig['registers'], file?: string): void {
  for (const [name, { schema }] of Object.entries(registers)) {
    const fault = schema && schemaFault(schema);
    if (fault === undefined) continue;
    throw new StartError(
      `${prefix(file)}registers.${name}.schema: expected a JSON Schema (2020-12), given one that does not compile: ${fault}`,
    );
  }
}

/** Where anybody may write or read, nobody owns anything. */
function assertOwnersAreKnown({ registers }: Config, file?: string): void {
  const open = registers.find(
    ({ ownership, access }) => ownership && (access.write === 'open' || access.read === 'open'),
  );
  if (open === undefined) return;
  throw new StartError(
    `${prefix(file)}registers.${open.name}.ownership: expected access to need a credential in both directions, given open access`,
  );
}

function prefix(file: string | undefined): string {
  return file === undefined ? '' : `${file}: `;
}

/** A body that is allowed must not be refused as too much for the bytes in flight, however quiet it is. */
function assertBodiesFit({ limits, registers }: Config, file?: string): void {
  const largest = [
    { key: 'limits.maxBatchBytes', bytes: limits.maxBatchBytes },
    ...registers.map((register) => ({
      key: `registers.${register.name}.maxEntryBytes`,
      bytes: register.maxEntryBytes,
    })),
  ].reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (limits.maxBytesInFlight >= largest.bytes) return;
  const where = file === undefined ? '' : `${file}: `;
  throw new StartError(
    `${where}limits.maxBytesInFlight: expected at least ${largest.bytes}, what ${largest.key} allows one body, given ${limits.maxBytesInFlight}`,
  );
}

async function findFile(named: string | undefined): Promise<string | undefined> {
  for (const name of named === undefined ? FILE_NAMES : [named]) {
    const path = resolve(name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  if (named === undefined) return undefined;
  throw new StartError(`${FILE_VARIABLE}: expected a file that can be read, given ${show(named)}`);
}

async function readFile(path: string): Promise<Record<string, unknown>> {
  const attributes = path.endsWith('.json') ? { with: { type: 'json' } } : undefined;
  try {
    const module = (await import(pathToFileURL(path).href, attributes)) as { default?: unknown };
    return parse(isObject, module.default, path);
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    const [firstLine] = toError(thrown).message.split('\n');
    throw new StartError(
      `${path}: expected a module with a default export, given one that fails: ${firstLine}`,
      { cause: thrown },
    );
  }
}

function parse<T>(schema: z.ZodType<T>, given: unknown, file?: string): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String) ?? [];
  const where = file === undefined ? '' : `${file}: `;
  if (issue?.code === 'unrecognized_keys') {
    throw new StartError(
      `${where}${[...path, issue.keys[0]].join('.')}: expected a key of docs/config.md, given an unknown one`,
    );
  }
  const named = path.length === 2 && path[1] === 'url' ? path[0] : path.join('.');
  const variable = Object.entries(ENVIRONMENT).find(([, key]) => key === named);
  const alsoCalled = variable === undefined ? '' : ` (${variable[0]})`;
  const message = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
  throw new StartError(
    `${where}${path.join('.') || 'configuration'}${alsoCalled}: ${message ?? 'expected another value'}`,
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

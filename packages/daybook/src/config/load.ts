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
import type { Origin } from './origin.ts';
import { createOrigin, flagOf } from './origin.ts';
import { assertOnePassword } from './password-from.ts';
import { FILE_VARIABLE, readEnvironment } from './read-environment.ts';
import { AUDIT_REGISTER, DEFAULT_REGISTERS, registerSchema, toRegister } from './register-schema.ts';
import type { ParsedConfig } from './schema.ts';
import { configSchema, DRIVER_KEYS, isObject } from './schema.ts';

export interface Config extends Omit<ParsedConfig, 'registers'> {
  readonly registers: readonly Register[];
}

const FILE_NAMES = ['daybook.config.ts', 'daybook.config.js', 'daybook.config.json'];
/** The configuration itself, as JSON in a data URL (RFC 2397): where there is an environment and no place for a file. */
const INLINE = /^data:application\/json[;,]/;

/**
 * @param flags values by the name of their environment variable; they win over it.
 * @throws {StartError} one line: the key, what was expected, what was given.
 */
export async function loadConfig(
  flags: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Config> {
  const variables = { ...environment, ...flags };
  const calledBy = flags[FILE_VARIABLE] === undefined ? FILE_VARIABLE : flagOf(FILE_VARIABLE);
  const file = await findFile(variables[FILE_VARIABLE], calledBy);
  const given = file === undefined ? {} : expandUrls(await readFile(file));
  const overrides = readEnvironment(variables);
  for (const key of DRIVER_KEYS) {
    // Another URL keeps the other settings of the file.
    if (key in overrides && isPlainObject(given[key]))
      overrides[key] = { ...given[key], ...(overrides[key] as object) };
  }
  if (hasSchema(given)) await loadSchemaCompiler();
  return parseFrom({ ...given, ...overrides }, createOrigin({ file: file?.name, flags, environment }));
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
  return parseFrom(given, createOrigin({ file }));
}

function parseFrom(given: unknown, origin: Origin): Config {
  const expanded = isPlainObject(given) ? expandUrls(given) : given;
  const { registers, ...rest } = parse(configSchema, expanded, origin);
  const byName = new Map(
    Object.entries(DEFAULT_REGISTERS).map(([name, value]) => [name, parse(registerSchema, value, origin)]),
  );
  for (const [name, value] of Object.entries(registers)) byName.set(name, value);
  assertNotInternal(Object.keys(registers), origin);
  assertSchemasCompile(registers, origin);
  const all = [...byName].map(([name, value]) => toRegister(name, value));
  const config = { ...rest, registers: [...all, AUDIT_REGISTER] };
  assertBodiesFit(config, origin);
  assertOwnersAreKnown(config, origin);
  assertOnePassword(config.store, origin);
  return deepFreeze(config);
}

function assertNotInternal(names: readonly string[], origin: Origin): void {
  const taken = names.find((name) => (INTERNAL_REGISTERS as readonly string[]).includes(name));
  if (taken === undefined) return;
  throw new StartError(
    `${origin(`registers.${taken}`)}: expected another name, because Daybook keeps what it puts on record itself under this one`,
  );
}

/** Those of the defaults do, and the compiler is not loaded for them. */
function assertSchemasCompile(registers: ParsedConfig['registers'], origin: Origin): void {
  for (const [name, { schema }] of Object.entries(registers)) {
    const fault = schema && schemaFault(schema);
    if (fault === undefined) continue;
    throw new StartError(
      `${origin(`registers.${name}.schema`)}: expected a JSON Schema (2020-12), given one that does not compile: ${fault}`,
    );
  }
}

/** Where anybody may write or read, nobody owns anything. */
function assertOwnersAreKnown({ registers }: Config, origin: Origin): void {
  const open = registers.find(
    ({ ownership, access }) => ownership && (access.write === 'open' || access.read === 'open'),
  );
  if (open === undefined) return;
  throw new StartError(
    `${origin(`registers.${open.name}.ownership`)}: expected access to need a credential in both directions, given open access`,
  );
}

/** A body that is allowed must not be refused as too much for the bytes in flight, however quiet it is. */
function assertBodiesFit({ limits, registers }: Config, origin: Origin): void {
  const largest = [
    { key: 'limits.maxBatchBytes', bytes: limits.maxBatchBytes },
    ...registers.map((register) => ({
      key: `registers.${register.name}.maxEntryBytes`,
      bytes: register.maxEntryBytes,
    })),
  ].reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (limits.maxBytesInFlight >= largest.bytes) return;
  throw new StartError(
    `${origin('limits.maxBytesInFlight')}: expected at least ${largest.bytes}, what ${largest.key} allows one body, given ${limits.maxBytesInFlight}`,
  );
}

interface ConfigFile {
  /** In messages. */
  readonly name: string;
  readonly url: string;
  readonly isJson: boolean;
}

/** @param calledBy in messages: the variable or the flag that names it. */
async function findFile(named: string | undefined, calledBy: string): Promise<ConfigFile | undefined> {
  if (named !== undefined && INLINE.test(named)) return { name: calledBy, url: named, isJson: true };
  for (const name of named === undefined ? FILE_NAMES : [named]) {
    const path = resolve(name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return { name: path, url: pathToFileURL(path).href, isJson: path.endsWith('.json') };
  }
  if (named === undefined) return undefined;
  throw new StartError(`${calledBy}: expected a file that can be read, given ${show(named)}`);
}

async function readFile({ name, url, isJson }: ConfigFile): Promise<Record<string, unknown>> {
  const attributes = isJson ? { with: { type: 'json' } } : undefined;
  try {
    const module = (await import(url, attributes)) as { default?: unknown };
    return parse(isObject, module.default, createOrigin({ file: name }));
  } catch (thrown) {
    if (thrown instanceof StartError) throw thrown;
    const [firstLine] = toError(thrown).message.split('\n');
    throw new StartError(
      `${name}: expected a module with a default export, given one that fails: ${firstLine}`,
      { cause: thrown },
    );
  }
}

function parse<T>(schema: z.ZodType<T>, given: unknown, origin: Origin): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  // A key that is misspelt is unknown, and another may be missing for it.
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const path = issue?.path.map(String) ?? [];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const message = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
  throw new StartError(
    `${origin([...path, ...unknown].join('.') || 'configuration')}: ${message ?? 'expected another value'}`,
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

/**
 * Loads the configuration of one environment: its defaults, then the file, then what the file says of the environment.
 * Parsed once, at the edge, into a frozen object. Nothing is read from variables of the environment.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { assertFits } from './checks.ts';
import { environmentDefaults } from './environment-defaults.ts';
import { ConfigError, faultOf } from './fault.ts';
import { isValues, merge } from './merge.ts';
import { readScale } from './scale-file.ts';
import type { Deployment, EnvironmentName } from './schema.ts';
import { deploymentSchema, ENVIRONMENTS } from './schema.ts';
import { show } from './show.ts';

const NAME = /^[a-z][a-z0-9-]{0,18}[a-z0-9]$/;

/**
 * @param file a module or JSON file that exports the configuration by default.
 * @throws {ConfigError} one line: the file, the key, what was expected, what was given.
 */
export async function loadDeployment(file: string, environment: string): Promise<Deployment> {
  const path = resolve(file);
  return parseDeployment(await readFile(path), environment, path, readScale(path));
}

/**
 * @param file named in messages.
 * @param scale what `scale` decided, by environment: the last word on the numbers of the tiers.
 * @throws {ConfigError}
 */
export function parseDeployment(
  given: unknown,
  environment: string,
  file?: string,
  scale: Readonly<Record<string, unknown>> = {},
): Deployment {
  try {
    return parse(given, environment, scale);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError) || file === undefined) throw thrown;
    throw new ConfigError(`${file}: ${thrown.message}`, { cause: thrown });
  }
}

function parse(given: unknown, environment: string, scale: Readonly<Record<string, unknown>>): Deployment {
  if (!isEnvironment(environment))
    throw new ConfigError(
      `environment (-e): expected one of ${ENVIRONMENTS.join(', ')}, given ${show(environment)}`,
    );
  if (!isValues(given))
    throw new ConfigError(`configuration: expected an object as default export, given ${show(given)}`);
  const { name, environments = {}, ...common } = given;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new ConfigError(
      `name: expected 2 to 20 lower-case letters, digits and hyphens, a letter first, given ${show(name)}`,
    );
  const own = ownValues(environments, environment);
  const said = merge(common, own);
  const written = merge({ ...environmentDefaults(environment, said['database'] !== undefined) }, said);
  // Of a topology without services nothing is scaled, and what is left of one does no harm.
  const values =
    environment in scale && written['services'] !== undefined
      ? merge(written, { services: scale[environment] })
      : written;
  const parsed = deploymentSchema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(
      issue === undefined ? 'configuration: expected another one' : faultOf(issue, values),
    );
  }
  const deployment: Deployment = { ...parsed.data, name, environment };
  assertFits(deployment);
  return freeze(deployment);
}

function ownValues(environments: unknown, environment: EnvironmentName): Readonly<Record<string, unknown>> {
  if (!isValues(environments))
    throw new ConfigError(`environments: expected an object, given ${show(environments)}`);
  const unknownName = Object.keys(environments).find((key) => !isEnvironment(key));
  if (unknownName !== undefined)
    throw new ConfigError(
      `environments.${unknownName}: expected one of ${ENVIRONMENTS.join(', ')}, given an unknown one`,
    );
  const own = environments[environment] ?? {};
  if (!isValues(own))
    throw new ConfigError(`environments.${environment}: expected an object, given ${show(own)}`);
  return own;
}

function isEnvironment(name: string): name is EnvironmentName {
  return (ENVIRONMENTS as readonly string[]).includes(name);
}

async function readFile(path: string): Promise<unknown> {
  await access(path).catch((cause: unknown) => {
    throw new ConfigError(`configuration (-c): expected a file, given ${path}, where there is none`, {
      cause,
    });
  });
  const attributes = path.endsWith('.json') ? { with: { type: 'json' } } : undefined;
  try {
    return ((await import(pathToFileURL(path).href, attributes)) as { default?: unknown }).default;
  } catch (thrown) {
    const [firstLine] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
    throw new ConfigError(
      `${path}: expected a module with a default export, given one that fails: ${firstLine}`,
      { cause: thrown },
    );
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freeze(member);
    Object.freeze(value);
  }
  return value;
}

/**
 * What `scale` decided, in a file beside the configuration: `daybook.cloud.scale.json` beside `daybook.cloud.ts`. It is
 * laid over the configuration, so that the next `apply` keeps it; it belongs into the repository with the rest. A file of
 * its own, because a program can change JSON and leave everything else of it as a person wrote it.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import { ConfigError } from './fault.ts';
import { isValues, merge } from './merge.ts';
import type { EnvironmentName } from './schema.ts';
import type { TierName } from './service-schema.ts';

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

type Values = Readonly<Record<string, unknown>>;

export function scaleFileOf(configFile: string): string {
  return `${configFile.replace(/\.(?:[cm]?[jt]s|json)$/, '')}.scale.json`;
}

/** By environment, as `services` of a configuration. @throws {ConfigError} */
export function readScale(configFile: string): Values {
  const path = scaleFileOf(configFile);
  if (!existsSync(path)) return {};
  try {
    const given: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isValues(given)) return given;
  } catch (cause) {
    throw new ConfigError(`${path}: expected JSON, given a file that does not parse`, { cause });
  }
  throw new ConfigError(`${path}: expected an object by environment, given something else`);
}

/** Whole or not at all. @returns the file. */
export function writeScale(
  configFile: string,
  environment: EnvironmentName,
  tier: TierName,
  bounds: Bounds,
): string {
  const path = scaleFileOf(configFile);
  const changed = merge(readScale(configFile), { [environment]: { [tier]: { ...bounds } } });
  writeFileSync(`${path}.new`, `${JSON.stringify(changed, null, 2)}\n`);
  renameSync(`${path}.new`, path);
  return path;
}

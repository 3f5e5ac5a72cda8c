/**
 * What the tests of a delivery ask: one deployment in each region, by URL. They are told the URL, or the file into which
 * `npm run --silent cloud -- outputs --json` was written.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { StackOutputs } from '../commands/outputs.ts';
import { urlsOf } from '../commands/outputs.ts';
import { errorOf, UsageError } from '../failure.ts';

export interface Target {
  /** Without a trailing slash. */
  readonly urls: readonly string[];
  readonly register: string;
}

/** Open in a fresh install, and takes anything. */
const DEFAULT_REGISTER = 'app';

/** @param numbers further flags, each a number with its default. @throws {UsageError} in one line. */
export function parseTarget<Name extends string>(
  argv: readonly string[],
  numbers: Readonly<Record<Name, number>>,
): Target & { readonly numbers: Readonly<Record<Name, number>> } {
  const names = Object.keys(numbers) as Name[];
  const flags = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { positionals, values } = parse(argv, flags);
  const [where, ...others] = positionals;
  if (where === undefined || others.length > 0)
    throw new UsageError(
      `expected one URL, or the file of "npm run --silent cloud -- outputs --json", given ${positionals.join(' ') || 'none'}`,
    );
  const given = names.map((name) => [name, toNumber(name, values[name], numbers[name])] as const);
  return {
    urls: /^https?:/.test(where) ? [where.replace(/\/+$/, '')] : urlsIn(where),
    register: values['register'] ?? DEFAULT_REGISTER,
    numbers: Object.fromEntries(given) as Record<Name, number>,
  };
}

function parse(argv: readonly string[], flags: Readonly<Record<string, { readonly type: 'string' }>>) {
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { ...flags, register: { type: 'string' } },
    });
    return { positionals, values: values as Readonly<Record<string, string | undefined>> };
  } catch (thrown) {
    throw new UsageError(errorOf(thrown).message, { cause: thrown });
  }
}

function toNumber(name: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (!Number.isFinite(value) || value < 0)
    throw new UsageError(`--${name}: expected a number from 0 on, given ${given}`);
  return value;
}

function urlsIn(file: string): readonly string[] {
  let outputs: unknown;
  try {
    outputs = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new UsageError(`${file}: ${errorOf(thrown).message}`, { cause: thrown });
  }
  const urls = Array.isArray(outputs) ? urlsOf(outputs as StackOutputs[]).map(({ url }) => url) : [];
  if (urls.length === 0) throw new UsageError(`${file}: expected outputs with a Url, found none`);
  return urls;
}

/**
 * The flags of `npm run bench`, checked once; everything after this trusts them.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const SCENARIOS = [
  'single',
  'fastify',
  'batch',
  'latency',
  'unpinned',
  'export',
  'postgres',
  'queues',
  'retention',
  'start',
] as const;
type Scenario = (typeof SCENARIOS)[number];

export interface BenchOptions {
  /** Where the servers keep their data; `null`: a temporary directory beside the benchmarks. */
  readonly directory: string | null;
  readonly allowTmpfs: boolean;
  readonly scenarios: ReadonlySet<Scenario>;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly linesPerBatch: number;
  readonly exportEntries: number;
  /** Source (`.c`) or shared library; `null`: the repository's own if a compiler is there. */
  readonly slowSyncLibrary: string | null;
  readonly pinned: boolean;
  readonly label: string;
  readonly json: boolean;
  readonly quick: boolean;
  readonly help: boolean;
}

/** A flag that cannot be used: the message names it, what was expected and what was given. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

const FULL = { rounds: 5, seconds: 3, 'export-entries': 1_000_000 };
const QUICK = { rounds: 2, seconds: 1, 'export-entries': 100_000 };

const FLAGS = {
  dir: { type: 'string' },
  'allow-tmpfs': { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  connections: { type: 'string', default: '64' },
  'batch-lines': { type: 'string', default: '100' },
  'export-entries': { type: 'string' },
  'slow-sync-library': { type: 'string' },
  'no-pin': { type: 'boolean', default: false },
  label: { type: 'string' },
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {OptionError} */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parseFlags(args);
  const preset = values.quick ? QUICK : FULL;
  const scenarios = parseScenarios(values.only);
  return {
    directory: values.dir === undefined ? null : parseDirectory(values.dir),
    allowTmpfs: values['allow-tmpfs'],
    scenarios,
    rounds: parseCount('rounds', values.rounds ?? String(preset.rounds), 1, 100),
    seconds: parseCount('seconds', values.seconds ?? String(preset.seconds), 1, 600),
    connections: parseCount('connections', values.connections, 1, 1000),
    linesPerBatch: parseCount('batch-lines', values['batch-lines'], 1, 10_000),
    exportEntries: parseCount(
      'export-entries',
      values['export-entries'] ?? String(preset['export-entries']),
      1000,
      100_000_000,
    ),
    slowSyncLibrary: parseLibrary(values['slow-sync-library']),
    pinned: !values['no-pin'],
    label: parseLabel(values.label ?? defaultLabel(values.quick, scenarios)),
    json: values.json,
    quick: values.quick,
    help: values.help,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
  } catch (error) {
    const unknown = /Unknown option '([^']+)'/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new OptionError((error as Error).message);
    const known = Object.keys(FLAGS).map((flag) => `--${flag}`);
    throw new OptionError(`${unknown}: no such flag; expected one of ${known.join(' ')}`);
  }
}

function parseCount(flag: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new OptionError(`--${flag}: expected a whole number from ${min} to ${max}, got '${given}'`);
}

function parseScenarios(given: readonly string[] | undefined): ReadonlySet<Scenario> {
  if (given === undefined) return new Set(SCENARIOS);
  const names = given.flatMap((list) => list.split(','));
  for (const name of names) {
    if (!(SCENARIOS as readonly string[]).includes(name)) {
      throw new OptionError(`--only: expected names out of ${SCENARIOS.join(',')}, got '${name}'`);
    }
  }
  return new Set(names as Scenario[]);
}

function parseDirectory(given: string): string {
  if (existsSync(given) && statSync(given).isDirectory()) return resolve(given);
  throw new OptionError(`--dir: expected an existing directory, got '${given}'`);
}

function parseLibrary(given: string | undefined): string | null {
  if (given === undefined) return null;
  if (/\.(c|so)$/.test(given) && existsSync(given)) return given;
  throw new OptionError(`--slow-sync-library: expected an existing .c or .so file, got '${given}'`);
}

function parseLabel(given: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(given)) return given;
  throw new OptionError(`--label: expected [a-z0-9-], 63 characters at most, got '${given}'`);
}

function defaultLabel(quick: boolean, scenarios: ReadonlySet<Scenario>): string {
  const extent = scenarios.size === SCENARIOS.length ? 'full' : [...scenarios].join('-');
  return quick ? `quick-${extent}` : extent;
}

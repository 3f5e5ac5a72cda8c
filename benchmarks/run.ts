/**
 * `npm run bench`: measures, verifies, tells, and leaves nothing running behind.
 *
 * Exit code: 0 measured, 1 failed, 2 wrong flag, 3 void, 130 interrupted.
 */
import { createChildren } from './command/children.ts';
import { createDataDirectory } from './command/data-directory.ts';
import { HELP } from './command/help.ts';
import { OptionError, parseOptions } from './command/options.ts';
import type { BenchOptions } from './command/options.ts';
import { writeResult } from './command/result-file.ts';
import type { BenchResult } from './command/result-file.ts';
import { renderTable } from './command/table.ts';
import { planCores } from './machine/processor-pinning.ts';
import { readMachineSpecification } from './machine/specification.ts';
import { probeSync } from './machine/sync-probe.ts';
import type { Bench, ScenarioResult } from './scenarios/bench.ts';
import { runExportScenario } from './scenarios/export.ts';
import { runPostgresScenario } from './scenarios/postgres.ts';
import { runQueuesScenario } from './scenarios/queues.ts';
import { runRetentionScenario } from './scenarios/retention.ts';
import { runRounds } from './scenarios/rounds.ts';
import { runStartScenario } from './scenarios/start.ts';

const EXIT = { failed: 1, wrongFlag: 2, void: 3, interrupted: 130 } as const;
const FIRST_PROBE_SECONDS = 2;

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const plan = options.pinned ? planCores() : 'asked for by --no-pin';
  const children = createChildren(typeof plan === 'string' ? null : plan);
  const directory = createDataDirectory(options);
  const clean = (): void => {
    children.killAll();
    directory.remove();
  };
  const interrupt = (): void => {
    tell('\ninterrupted; ending every process of the run');
    clean();
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const bench = { options, children, directory: directory.path, tell };
    const result = await measure(bench, typeof plan === 'string' ? `not tied to cores: ${plan}` : null);
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : renderTable(result));
    tell(`\nwritten to ${writeResult(result)}`);
    return result.void ? EXIT.void : 0;
  } finally {
    await children.stopAll();
    clean();
  }
}

async function measure(bench: Bench, pinningNote: string | null): Promise<BenchResult> {
  const { options } = bench;
  const print = options.json ? tell : (line: string): void => void process.stdout.write(`${line}\n`);
  const machine = readMachineSpecification(bench.directory);
  const device = probeSync(bench.directory, options.quick ? 1 : FIRST_PROBE_SECONDS);
  print(
    `device   fdatasync p50 ${device.p50Ms.toFixed(3)} ms, p99 ${device.p99Ms.toFixed(3)} ms, ` +
      `${Math.round(device.syncsPerSecond).toLocaleString('en')}/s on ${machine.fileSystem}`,
  );
  print(`machine  ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.system}`);
  print(`runtime  node ${machine.node}, SQLite ${machine.sqlite}`);
  const results: ScenarioResult[] = [];
  for (const run of chooseScenarios(options)) results.push(await run(bench));
  const voidReasons = results.flatMap((result) => result.voidReasons);
  return {
    format: 1,
    takenAt: new Date().toISOString(),
    label: options.label,
    void: voidReasons.length > 0,
    voidReasons,
    machine,
    device,
    settings: {
      ...options,
      directory: undefined,
      slowSyncLibrary: undefined,
      scenarios: [...options.scenarios],
    },
    figures: results.flatMap((result) => result.figures),
    notes: [...(pinningNote === null ? [] : [pinningNote]), ...results.flatMap((result) => result.notes)],
    details: Object.assign({}, ...results.map((result) => result.details)) as Record<string, unknown>,
    verifications: results.flatMap((result) => result.verifications),
  };
}

function chooseScenarios({ scenarios }: BenchOptions): ((bench: Bench) => Promise<ScenarioResult>)[] {
  const inRounds = (['single', 'fastify', 'batch', 'latency', 'unpinned'] as const).some((one) =>
    scenarios.has(one),
  );
  return [
    ...(inRounds ? [runRounds] : []),
    ...(scenarios.has('export') ? [runExportScenario] : []),
    ...(scenarios.has('postgres') ? [runPostgresScenario] : []),
    ...(scenarios.has('queues') ? [runQueuesScenario] : []),
    ...(scenarios.has('retention') ? [runRetentionScenario] : []),
    ...(scenarios.has('start') ? [runStartScenario] : []),
  ];
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof OptionError ? EXIT.wrongFlag : EXIT.failed;
}

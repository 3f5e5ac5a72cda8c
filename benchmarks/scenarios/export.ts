/**
 * Writers and a big reader at once: a full export runs while POSTs go on and every sync takes 5 ms.
 *
 * Rounds alternate between with and without the export; `/healthz` is asked all the while from a process of its own.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createFigure, perRound } from '../command/figure.ts';
import type { Figure } from '../command/figure.ts';
import { startLoad } from '../load/load-client.ts';
import type { LoadClient } from '../load/load-client.ts';
import type { ClosedLoopResult, ExportResult, ProbeResult } from '../load/messages.ts';
import { startDaybook } from '../peers/daybook.ts';
import type { DaybookServer } from '../peers/daybook.ts';
import type { Bench, ScenarioResult } from './bench.ts';
import { prepareSlowSync } from './slow-sync.ts';
import { refusalReasons, verify } from './verify.ts';

interface ExportRound {
  readonly posts: ClosedLoopResult;
  readonly health: ProbeResult;
  readonly read: ExportResult | null;
}

interface Loads {
  readonly writer: LoadClient;
  readonly prober: LoadClient;
  readonly reader: LoadClient;
}

const PRELOAD_CONNECTIONS = 8;
const PRELOAD_TIMEOUT_SECONDS = 600;
const PROBE_INTERVAL_MS = 5;
const EXPORT_PATH = '/app?order=asc&format=ndjson';

export async function runExportScenario(bench: Bench): Promise<ScenarioResult> {
  const { options, children } = bench;
  const dataDir = join(bench.directory, 'export');
  mkdirSync(dataDir);
  const slowSync = prepareSlowSync(bench);
  const loads = { writer: startLoad(children), prober: startLoad(children), reader: startLoad(children) };
  const voidReasons = await preload(bench, dataDir, loads.writer);

  const daybook = await startDaybook(children, { dataDir, role: 'server', env: slowSync.env });
  const alone: ExportRound[] = [];
  const exporting: ExportRound[] = [];
  await runRound(bench, daybook, loads, false);
  for (let round = 0; round < options.rounds; round += 1) {
    bench.tell(`export round ${round + 1} of ${options.rounds}`);
    const order = round % 2 === 0 ? [false, true] : [true, false];
    for (const withExport of order) {
      (withExport ? exporting : alone).push(await runRound(bench, daybook, loads, withExport));
    }
  }
  for (const round of [...alone, ...exporting]) {
    voidReasons.push(
      ...refusalReasons('export', round.posts.refused),
      ...refusalReasons('healthz', round.health.refused),
    );
  }
  bench.tell('reading back every acknowledged entry');
  const verification = await verify('export', daybook, loads.writer);
  await children.stop(daybook.child);
  return {
    figures: exportFigures(options.exportEntries, alone, exporting),
    notes: [`export: ${slowSync.told}`],
    details: { export: { alone, exporting } },
    verifications: [verification],
    voidReasons: [...voidReasons, ...verification.voidReasons],
  };
}

/** Fills the register at full speed, with the device as it is. */
async function preload(bench: Bench, dataDir: string, writer: LoadClient): Promise<string[]> {
  const { options, children } = bench;
  bench.tell(`preloading ${options.exportEntries.toLocaleString('en')} entries`);
  const daybook = await startDaybook(children, { dataDir, role: 'server' });
  const result = await writer.run({
    kind: 'closed-loop',
    target: daybook.target,
    path: '/app',
    linesPerRequest: options.linesPerBatch,
    connections: PRELOAD_CONNECTIONS,
    rememberIds: true,
    seconds: PRELOAD_TIMEOUT_SECONDS,
    maxRequests: Math.ceil(options.exportEntries / options.linesPerBatch),
  });
  await children.stop(daybook.child);
  return refusalReasons('preload', result.refused);
}

async function runRound(
  { options, tell }: Bench,
  { target }: DaybookServer,
  { writer, prober, reader }: Loads,
  withExport: boolean,
): Promise<ExportRound> {
  const { seconds, connections } = options;
  const [posts, health, read] = await Promise.all([
    writer.run({
      kind: 'closed-loop',
      target,
      path: '/app',
      linesPerRequest: null,
      connections,
      rememberIds: true,
      seconds,
      maxRequests: null,
    }),
    prober.run({ kind: 'probe', target, path: '/healthz', intervalMs: PROBE_INTERVAL_MS, seconds }),
    withExport ? reader.run({ kind: 'export', target, path: EXPORT_PATH, seconds }) : null,
  ]);
  const rate = Math.round(posts.requestsPerSecond).toLocaleString('en');
  const exported =
    read === null ? '' : `, export ${Math.round(read.entriesPerSecond).toLocaleString('en')}/s`;
  tell(`  POSTs ${rate}/s${exported}, healthz p99 ${health.latency.p99Ms.toFixed(1)} ms`);
  return { posts, health, read };
}

function exportFigures(
  entries: number,
  alone: readonly ExportRound[],
  exporting: readonly ExportRound[],
): Figure[] {
  const group = `export of ${entries.toLocaleString('en')} entries while POSTs go on`;
  const postRates = (rounds: readonly ExportRound[]): number[] =>
    rounds.map((round) => round.posts.requestsPerSecond);
  const healthP99 = (rounds: readonly ExportRound[]): number[] =>
    rounds.map((round) => round.health.latency.p99Ms);
  return [
    createFigure({ group, name: 'POSTs without the export', unit: '/s', rounds: postRates(alone) }),
    createFigure({ group, name: 'POSTs with the export', unit: '/s', rounds: postRates(exporting) }),
    createFigure({
      group,
      name: 'POSTs with ÷ without',
      unit: '×',
      rounds: perRound(postRates(exporting), postRates(alone)),
      target: { atLeast: 0.8 },
    }),
    createFigure({
      group,
      name: 'exported entries',
      unit: '/s',
      rounds: exporting.map((round) => round.read?.entriesPerSecond ?? 0),
    }),
    createFigure({ group, name: '/healthz p99 without', unit: 'ms', rounds: healthP99(alone) }),
    createFigure({
      group,
      name: '/healthz p99 with',
      unit: 'ms',
      rounds: healthP99(exporting),
      target: { atMost: 50 },
    }),
  ];
}

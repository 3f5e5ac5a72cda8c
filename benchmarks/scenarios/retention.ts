/**
 * What retention costs and gives back: p99 of POSTs at half load while a full register expires, against the same without
 * retention; and how much smaller the files are when 200 000 entries have expired, with the server running.
 *
 * Rounds alternate in their order; each begins with a copy of the same data directory.
 */
import { closeSync, cpSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createFigure, perRound } from '../command/figure.ts';
import type { Figure } from '../command/figure.ts';
import { startLoad } from '../load/load-client.ts';
import type { OpenLoopResult } from '../load/messages.ts';
import { startDaybook } from '../peers/daybook.ts';
import type { DaybookServer } from '../peers/daybook.ts';
import { databaseBytes, makeAgedEntries, RETENTION_DAYS } from './aged-entries.ts';
import type { Bench, ScenarioResult } from './bench.ts';
import type { Verification } from './verify.ts';
import { refusalReasons, verify } from './verify.ts';

/** So many that the log, which keeps up to 16 MiB to be written over, is little beside them. */
const ENTRIES = 200_000;
/** Of each round: more than can expire during one. */
const ENTRIES_OF_ROUND = 60_000;
const WARM_UP_SECONDS = 2;
const EXPIRE_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 100;
/** After the last entry expired; what was not given back by then counts as kept. A slow disk takes ten seconds. */
const GIVE_BACK_MS = 20_000;
const MEBIBYTE = 1024 * 1024;

interface Round {
  readonly load: OpenLoopResult;
  readonly requestsPerSecond: number;
  /** Entries that had expired when the phase began and when it ended. */
  readonly expired: readonly [number, number];
}

interface Shrunk {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly seconds: number;
}

interface Scenario {
  readonly bench: Bench;
  /** Data directories with entries that are due. */
  readonly aged: Readonly<Record<'many' | 'some', string>>;
  readonly entries: number;
  readonly voidReasons: string[];
  readonly verifications: Verification[];
}

export async function runRetentionScenario(bench: Bench): Promise<ScenarioResult> {
  const { options } = bench;
  const entries = ENTRIES;
  const aged = { many: join(bench.directory, 'aged-many'), some: join(bench.directory, 'aged-some') };
  bench.tell(`making ${entries.toLocaleString('en')} entries that are due`);
  for (const [directory, count] of [
    [aged.many, entries],
    [aged.some, ENTRIES_OF_ROUND],
  ] as const) {
    mkdirSync(directory);
    await makeAgedEntries(directory, count);
  }
  const scenario: Scenario = { bench, aged, entries, voidReasons: [], verifications: [] };

  const shrunk = await expireUndisturbed(scenario);
  const rate = await halfOfFullRate(scenario);
  const [without, during]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < options.rounds; round += 1) {
    bench.tell(`retention round ${round + 1} of ${options.rounds}`);
    for (const expires of round % 2 === 0 ? [false, true] : [true, false]) {
      (expires ? during : without).push(await runRound(scenario, expires, rate));
    }
  }
  return {
    figures: figuresOf({ entries, seconds: options.seconds, shrunk, without, during }),
    notes: [],
    details: { retention: { shrunk, without, during } },
    verifications: scenario.verifications,
    voidReasons: scenario.voidReasons,
  };
}

/** With nothing else to do. */
async function expireUndisturbed(scenario: Scenario): Promise<Shrunk> {
  const { bench, entries } = scenario;
  const dataDir = copyOf(scenario, 'many');
  const bytesBefore = databaseBytes(dataDir);
  const daybook = await start(scenario, dataDir, true);
  const startedMs = performance.now();
  await allExpired(daybook, entries);
  const seconds = (performance.now() - startedMs) / 1000;
  await sleep(GIVE_BACK_MS);
  const bytesAfter = databaseBytes(dataDir);
  await bench.children.stop(daybook.child);
  rmSync(dataDir, { recursive: true });
  bench.tell(
    `  expired in ${seconds.toFixed(1)} s; ${(bytesBefore / MEBIBYTE).toFixed(1)} MiB before, ${(bytesAfter / MEBIBYTE).toFixed(1)} MiB after`,
  );
  return { bytesBefore, bytesAfter, seconds };
}

async function halfOfFullRate(scenario: Scenario): Promise<number> {
  const { bench, voidReasons } = scenario;
  const dataDir = copyOf(scenario, 'some');
  const daybook = await start(scenario, dataDir, false);
  const load = startLoad(bench.children);
  let rate = 0;
  for (const seconds of [WARM_UP_SECONDS, bench.options.seconds]) {
    const result = await load.run({
      ...writesTo(bench, daybook),
      kind: 'closed-loop',
      rememberIds: false,
      seconds,
      maxRequests: null,
    });
    voidReasons.push(...refusalReasons('retention', result.refused));
    rate = Math.max(1, Math.round(result.requestsPerSecond / 2));
  }
  await end(scenario, daybook);
  return rate;
}

async function runRound(scenario: Scenario, expires: boolean, requestsPerSecond: number): Promise<Round> {
  const { bench, voidReasons, verifications } = scenario;
  const dataDir = copyOf(scenario, 'some');
  const daybook = await start(scenario, dataDir, expires);
  const load = startLoad(bench.children);
  const command = { ...writesTo(bench, daybook), kind: 'open-loop', requestsPerSecond } as const;
  const rememberIds = expires;
  const warmUp = await load.run({ ...command, rememberIds, seconds: WARM_UP_SECONDS });
  const before = await expiredOf(daybook);
  const result = await load.run({ ...command, rememberIds, seconds: bench.options.seconds });
  const after = await expiredOf(daybook);
  voidReasons.push(
    ...refusalReasons('retention', warmUp.refused),
    ...refusalReasons('retention', result.refused),
  );
  if (expires) {
    if (after === ENTRIES_OF_ROUND) {
      voidReasons.push('retention: all had expired before the phase was over');
    }
    await allExpired(daybook, ENTRIES_OF_ROUND);
    const verification = await verify('retention', daybook, load);
    verifications.push(verification);
    voidReasons.push(...verification.voidReasons);
  }
  const { p99Ms } = result.latency;
  bench.tell(
    `  ${expires ? `while ${(after - before).toLocaleString('en')} expire` : 'without retention'}: p99 ${p99Ms.toFixed(2)} ms at ${requestsPerSecond}/s`,
  );
  await end(scenario, daybook);
  return { load: result, requestsPerSecond, expired: [before, after] };
}

function copyOf({ bench, aged }: Scenario, what: keyof Scenario['aged']): string {
  const dataDir = join(bench.directory, 'retention');
  cpSync(aged[what], dataDir, { recursive: true });
  // Or the first checkpoint of the server would write all of the copy to the device.
  const file = openSync(join(dataDir, 'daybook.db'), 'r+');
  fsyncSync(file);
  closeSync(file);
  return dataDir;
}

function start({ bench }: Scenario, dataDir: string, expires: boolean): Promise<DaybookServer> {
  const file = join(dataDir, 'daybook.config.json');
  const app = { access: 'open', ...(expires && { retentionDays: RETENTION_DAYS }) };
  writeFileSync(file, JSON.stringify({ registers: { app } }));
  return startDaybook(bench.children, { dataDir, role: 'server', env: { DAYBOOK_CONFIG: file } });
}

async function end({ bench }: Scenario, daybook: DaybookServer): Promise<void> {
  await bench.children.stop(daybook.child);
  rmSync(daybook.dataDir, { recursive: true });
}

function writesTo({ options }: Bench, { target }: DaybookServer) {
  return { target, path: '/app', linesPerRequest: null, connections: options.connections };
}

async function allExpired(daybook: DaybookServer, entries: number): Promise<void> {
  const endMs = performance.now() + EXPIRE_TIMEOUT_MS;
  while ((await expiredOf(daybook)) < entries) {
    if (performance.now() > endMs) throw new Error('the aged entries do not expire');
    await sleep(LOOK_EVERY_MS);
  }
}

/** Of all time, from the ledger. */
function expiredOf({ target, adminKey }: DaybookServer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { authorization: `Bearer ${adminKey()}` };
  const path = '/api/ledger?from=2000-01-01T00:00:00Z&limit=100000';
  get({ host: target.host, port: target.port, path, headers, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text: string) => (body += text));
    answer.on('end', () => resolve((JSON.parse(body) as { totals: { expired: number } }).totals.expired));
    answer.on('error', reject);
  }).on('error', reject);
  return promise;
}

const p99s = (rounds: readonly Round[]): number[] => rounds.map(({ load }) => load.latency.p99Ms);

interface Measured {
  readonly entries: number;
  /** Of a phase. */
  readonly seconds: number;
  readonly shrunk: Shrunk;
  readonly without: readonly Round[];
  readonly during: readonly Round[];
}

function figuresOf({ entries, seconds, shrunk, without, during }: Measured): Figure[] {
  const { bytesBefore, bytesAfter } = shrunk;
  const group = `${entries.toLocaleString('en')} entries of 400 bytes expire`;
  return [
    createFigure({
      group,
      name: 'expired entries, undisturbed',
      unit: '/s',
      rounds: [entries / shrunk.seconds],
    }),
    createFigure({ group, name: 'files before', unit: 'MB', rounds: [bytesBefore / MEBIBYTE] }),
    createFigure({ group, name: 'files after', unit: 'MB', rounds: [bytesAfter / MEBIBYTE] }),
    createFigure({
      group,
      name: 'given back ÷ what expired',
      unit: '×',
      rounds: [(bytesBefore - bytesAfter) / bytesBefore],
      target: { atLeast: 0.8 },
    }),
    createFigure({ group, name: 'POST p99 at half load without', unit: 'ms', rounds: p99s(without) }),
    createFigure({ group, name: 'POST p99 at half load meanwhile', unit: 'ms', rounds: p99s(during) }),
    createFigure({
      group,
      name: 'POST p99 meanwhile ÷ without',
      unit: '×',
      rounds: perRound(p99s(during), p99s(without)),
      target: { atMost: 2 },
    }),
    createFigure({
      group,
      name: 'expired entries meanwhile',
      unit: '/s',
      rounds: during.map(({ expired: [from, to] }) => (to - from) / seconds),
    }),
  ];
}

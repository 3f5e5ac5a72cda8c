/**
 * From the phases of all rounds to the figures that are told: rates, ratios within each round, latency, memory.
 */
import { createFigure, perRound } from '../command/figure.ts';
import type { Figure } from '../command/figure.ts';
import type { LatencyFigures } from '../load/messages.ts';
import type { MemoryFigures } from '../machine/process-figures.ts';
import type { SyncFigures } from '../machine/sync-probe.ts';
import type { PhaseName, Phases } from './phases.ts';

interface ServerMemory {
  readonly idle: MemoryFigures | null;
  readonly loaded: MemoryFigures | null;
}

interface RoundData {
  readonly phases: Phases;
  readonly sync: readonly SyncFigures[];
  readonly memory: ServerMemory;
  readonly connections: number;
  readonly lines: number;
}

/** Above this share of its core the load process may be what is measured. */
const BUSY_LOAD_SHARE = 0.9;
const MAX_IDLE_MEGABYTES = 120;

export function roundFigures(data: RoundData): { figures: Figure[]; notes: string[] } {
  const figures = [
    ...singleFigures(data),
    ...fastifyFigures(data),
    ...batchFigures(data),
    ...latencyFigures(data),
    ...unpinnedFigures(data),
    ...memoryFigures(data),
  ];
  return { figures, notes: loadNotes(data.phases) };
}

function ratesOf({ phases }: RoundData, name: PhaseName): number[] {
  return (phases.closedLoops.get(name) ?? []).map((result) => result.entriesPerSecond);
}

function singleFigures(data: RoundData): Figure[] {
  const group = `single POSTs, ${data.connections} connections`;
  const bare = ratesOf(data, 'bare');
  const daybook = ratesOf(data, 'daybook');
  return [
    createFigure({ group, name: 'bare node:http, in memory', unit: '/s', rounds: bare }),
    createFigure({ group, name: 'Daybook, durable', unit: '/s', rounds: daybook }),
    createFigure({
      group,
      name: 'Daybook ÷ bare',
      unit: '×',
      rounds: perRound(daybook, bare),
      target: { atLeast: 0.8 },
    }),
  ];
}

function fastifyFigures(data: RoundData): Figure[] {
  const fastify = ratesOf(data, 'fastify');
  if (fastify.length === 0) return [];
  const group = 'Fastify on node:sqlite, one commit a request';
  const ratio = perRound(ratesOf(data, 'daybook'), fastify);
  return [
    createFigure({ group, name: 'Fastify, durable', unit: '/s', rounds: fastify }),
    createFigure({ group, name: 'Daybook ÷ Fastify', unit: '×', rounds: ratio }),
  ];
}

function batchFigures(data: RoundData): Figure[] {
  const batch = ratesOf(data, 'batch');
  if (batch.length === 0) return [];
  const group = `NDJSON batches of ${data.lines}`;
  return [
    createFigure({ group, name: 'entries', unit: '/s', rounds: batch }),
    createFigure({
      group,
      name: 'entries ÷ single POSTs',
      unit: '×',
      rounds: perRound(batch, ratesOf(data, 'daybook')),
      target: { atLeast: 8 },
    }),
  ];
}

function latencyFigures({ phases, sync }: RoundData): Figure[] {
  const { daybook, bare } = phases.openLoops;
  if (daybook.length === 0) return [];
  const group = 'acknowledgement at half load, from the scheduled time';
  const milliseconds = (key: Exclude<keyof LatencyFigures, 'samples'>): number[] =>
    daybook.map((result) => result.latency[key]);
  const deviceP99 = sync.map((figures) => figures.p99Ms);
  const own = daybook.map((result) => result.ownLateness.p99Ms);
  const control = bare.map((result) => result.latency.p99Ms);
  return [
    createFigure({ group, name: 'p50', unit: 'ms', rounds: milliseconds('p50Ms') }),
    createFigure({ group, name: 'p99', unit: 'ms', rounds: milliseconds('p99Ms') }),
    createFigure({ group, name: 'p99.9', unit: 'ms', rounds: milliseconds('p999Ms') }),
    createFigure({ group, name: 'bare node:http at the same rate, p99', unit: 'ms', rounds: control }),
    createFigure({ group, name: 'load process late by, p99', unit: 'ms', rounds: own }),
    createFigure({ group, name: 'device fdatasync, p99', unit: 'ms', rounds: deviceP99 }),
    createFigure({
      group,
      name: 'p99 ÷ fdatasync p99',
      unit: '×',
      rounds: perRound(milliseconds('p99Ms'), deviceP99),
      target: { atMost: 5 },
    }),
  ];
}

function unpinnedFigures(data: RoundData): Figure[] {
  const bare = ratesOf(data, 'bare unpinned');
  const daybook = ratesOf(data, 'daybook unpinned');
  if (bare.length === 0) return [];
  const group = 'single POSTs, not tied to cores';
  return [
    createFigure({ group, name: 'bare node:http, in memory', unit: '/s', rounds: bare }),
    createFigure({ group, name: 'Daybook, durable', unit: '/s', rounds: daybook }),
    createFigure({ group, name: 'Daybook ÷ bare', unit: '×', rounds: perRound(daybook, bare) }),
  ];
}

function memoryFigures({ memory: { idle, loaded } }: RoundData): Figure[] {
  if (idle === null || loaded === null) return [];
  const group = 'memory of Daybook (resident)';
  return [
    createFigure({
      group,
      name: 'idle, after the start',
      unit: 'MB',
      rounds: [idle.residentMegabytes],
      target: { atMost: MAX_IDLE_MEGABYTES },
    }),
    createFigure({ group, name: 'after the load', unit: 'MB', rounds: [loaded.residentMegabytes] }),
    createFigure({ group, name: 'peak', unit: 'MB', rounds: [loaded.peakMegabytes] }),
  ];
}

function loadNotes(phases: Phases): string[] {
  const shares = [...phases.closedLoops].flatMap(([name, results]) =>
    results.map((result) => ({ name, share: result.loadCpu })),
  );
  const busiest = shares.toSorted((a, b) => b.share - a.share)[0];
  if (busiest === undefined) return [];
  const told = `the load process used at most ${Math.round(busiest.share * 100)} % of a core (${busiest.name})`;
  return [busiest.share > BUSY_LOAD_SHARE ? `${told}: it may be the wall there, not the server` : told];
}

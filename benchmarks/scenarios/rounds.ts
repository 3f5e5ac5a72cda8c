/**
 * The throughput scenarios, interleaved: every round gives each of them one short phase, so that drift of the machine
 * hits all alike, and every ratio is taken within its round. The order rotates from round to round.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Children } from '../command/children.ts';
import { startLoad } from '../load/load-client.ts';
import { readMemory } from '../machine/process-figures.ts';
import { allCores, pinProcess } from '../machine/processor-pinning.ts';
import { probeSync } from '../machine/sync-probe.ts';
import type { SyncFigures } from '../machine/sync-probe.ts';
import { startDaybook } from '../peers/daybook.ts';
import { startBareServer, startFastifyServer } from '../peers/server.ts';
import type { Bench, ScenarioResult } from './bench.ts';
import { createPhases } from './phases.ts';
import { roundFigures } from './round-figures.ts';
import { verify } from './verify.ts';

const SYNC_PROBE_SECONDS = 0.5;
/** A fresh process still frees what its start took. */
const IDLE_PAUSE_MS = 1000;

export async function runRounds(bench: Bench): Promise<ScenarioResult> {
  const { options, children } = bench;
  const daybook = await startDaybook(children, { dataDir: makeDirectory(bench, 'daybook'), role: 'server' });
  await sleep(IDLE_PAUSE_MS);
  const idle = readMemory(daybook.pid);
  const bare = await startBareServer(children);
  const fastify = options.scenarios.has('fastify')
    ? await startFastifyServer(children, makeDirectory(bench, 'fastify'))
    : null;
  const servers = fastify === null ? [bare, daybook] : [bare, daybook, fastify];
  const load = startLoad(children);
  const phases = createPhases(bench, load, daybook);
  const sync: SyncFigures[] = [];

  const steps = [() => phases.closedLoop('bare', bare), () => phases.closedLoop('daybook', daybook)];
  if (fastify !== null) steps.push(() => phases.closedLoop('fastify', fastify));
  if (options.scenarios.has('batch')) {
    steps.push(() => phases.closedLoop('batch', daybook, options.linesPerBatch));
  }

  bench.tell('warming up');
  for (const server of servers) await phases.warmUp(server);
  for (let round = 0; round < options.rounds; round += 1) {
    bench.tell(`round ${round + 1} of ${options.rounds}`);
    sync.push(probeSync(bench.directory, SYNC_PROBE_SECONDS));
    for (let step = 0; step < steps.length; step += 1) await steps[(step + round) % steps.length]!();
    if (options.scenarios.has('latency')) await phases.halfLoad(bare);
    if (options.scenarios.has('unpinned')) {
      await withoutPinning(children, [bare.pid, daybook.pid], load.pid, async () => {
        await phases.closedLoop('bare unpinned', bare);
        await phases.closedLoop('daybook unpinned', daybook);
      });
    }
  }
  const memory = { idle, loaded: readMemory(daybook.pid) };
  bench.tell('reading back every acknowledged entry');
  const verification = await verify('rounds', daybook, load);
  for (const server of servers) await children.stop(server.child);
  return {
    ...roundFigures({ phases, sync, memory, connections: options.connections, lines: options.linesPerBatch }),
    details: { phases: Object.fromEntries(phases.closedLoops), latency: phases.openLoops, sync, memory },
    verifications: [verification],
    voidReasons: [...phases.voidReasons, ...verification.voidReasons],
  };
}

function makeDirectory(bench: Bench, name: string): string {
  const directory = join(bench.directory, name);
  mkdirSync(directory);
  return directory;
}

/** Lets the processes use every core during `run`. Without pinning there is nothing to compare: skips `run`. */
async function withoutPinning(
  { cores }: Children,
  serverPids: readonly number[],
  loadPid: number,
  run: () => Promise<void>,
): Promise<void> {
  if (cores === null) return;
  for (const pid of [...serverPids, loadPid]) pinProcess(pid, allCores());
  await run();
  for (const pid of serverPids) pinProcess(pid, cores.server);
  pinProcess(loadPid, cores.load);
}

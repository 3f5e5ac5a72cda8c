/**
 * How long from the command to a server that can durably accept: `npm start`, and the bare command beside it.
 *
 * Each start has a fresh data directory; nothing is pinned.
 */
import { mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFigure } from '../command/figure.ts';
import type { Target } from '../load/messages.ts';
import { startDaybook } from '../peers/daybook.ts';
import type { Bench, ScenarioResult } from './bench.ts';

const STARTS = 5;
const MAX_START_MS = 1000;
const READY_TIMEOUT_MS = 10_000;
const ASK_AGAIN_MS = 2;

export async function runStartScenario(bench: Bench): Promise<ScenarioResult> {
  const group = 'start, from the command to ready';
  bench.tell('starting');
  await measureStart(bench, null);
  const direct: number[] = [];
  const npm: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    direct.push(await measureStart(bench, null));
    npm.push(await measureStart(bench, ['npm', 'start', '--silent']));
  }
  return {
    figures: [
      createFigure({ group, name: 'daybook serve', unit: 'ms', rounds: direct }),
      createFigure({ group, name: 'npm start', unit: 'ms', rounds: npm, target: { atMost: MAX_START_MS } }),
    ],
    notes: [],
    details: {},
    verifications: [],
    voidReasons: [],
  };
}

async function measureStart(bench: Bench, command: readonly string[] | null): Promise<number> {
  const dataDir = mkdtempSync(join(bench.directory, 'start-'));
  const startedAt = performance.now();
  const daybook = await startDaybook(bench.children, {
    dataDir,
    role: 'unpinned',
    ...(command === null ? {} : { command }),
  });
  while (!(await isReady(daybook.target))) {
    if (performance.now() - startedAt > READY_TIMEOUT_MS) throw new Error('Daybook did not become ready');
    await sleep(ASK_AGAIN_MS);
  }
  const elapsedMs = performance.now() - startedAt;
  await bench.children.stop(daybook.child);
  return elapsedMs;
}

function isReady(target: Target): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  get({ host: target.host, port: target.port, path: '/readyz', agent: false }, (answer) => {
    answer.resume();
    resolve(answer.statusCode === 200);
  }).on('error', reject);
  return promise;
}

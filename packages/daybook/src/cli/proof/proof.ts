/**
 * The proof: clients write, the server is killed at random moments and started again, and in the end everything that
 * was acknowledged is looked for. Whatever it starts ends with it, and its directory is removed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createClient } from '../../client/index.ts';
import { toLines } from '../lines.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import { createTally } from './tally.ts';
import type { Findings } from './tally.ts';
import { startWriters } from './writers.ts';
import type { Writers } from './writers.ts';

export interface ProofOptions {
  readonly clients: number;
  /** About how long it takes, reading back included. */
  readonly seconds: number;
  /** Told when it begins, at every kill, and many times a second. */
  readonly onStart: (about: { directory: string; durability: string }) => void;
  readonly onKill: (kill: Kill) => void;
  readonly onProgress: (progress: { acknowledged: number; atMs: number }) => void;
}

export interface Kill {
  /** Since the start of the writing. */
  readonly atMs: number;
  readonly acknowledged: number;
  readonly readyAfterMs: number;
}

export interface ProofResult extends Findings {
  readonly durability: string;
  readonly ledgerBalanced: boolean;
  readonly cutOff: number;
  readonly repeated: number;
  readonly kills: readonly Kill[];
}

const KILLS = 3;
/** The rest is for starting again and for reading back. */
const WRITING_SHARE = 0.65;
const PROGRESS_EVERY_MS = 100;

export async function prove(options: ProofOptions): Promise<ProofResult> {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-proof-'));
  let server: ServerProcess | undefined;
  // A process that was just killed may still be in the middle of making a file.
  const cleanUp = (): void =>
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  process.once('exit', cleanUp);
  try {
    const tally = createTally();
    server = await startServerProcess(directory);
    const { durability } = server;
    options.onStart({ directory, durability });
    const writers = startWriters(options.clients, `proof-${process.pid}-${performance.timeOrigin}`, tally);
    const startedMs = performance.now();
    const timer = setInterval(() => {
      options.onProgress({ acknowledged: tally.acknowledged, atMs: performance.now() - startedMs });
    }, PROGRESS_EVERY_MS);
    try {
      const kills: Kill[] = [];
      writers.resume(server.url);
      for (const writingMs of randomSlices(options.seconds * 1000 * WRITING_SHARE)) {
        await sleep(writingMs);
        const atMs = performance.now() - startedMs;
        server = await killAndRestart(server, writers, directory, kills.length === KILLS - 1);
        const kill = { atMs, acknowledged: tally.acknowledged, readyAfterMs: server.readyAfterMs };
        kills.push(kill);
        options.onKill(kill);
      }
      await writers.finish();
      const ledgerBalanced = await readBack(server.url, directory, tally.find);
      const { cutOff, repeated } = writers;
      return { ...tally.findings(), durability, ledgerBalanced, cutOff, repeated, kills };
    } finally {
      clearInterval(timer);
    }
  } finally {
    await server?.kill();
    process.removeListener('exit', cleanUp);
    cleanUp();
  }
}

async function killAndRestart(
  server: ServerProcess,
  writers: Writers,
  directory: string,
  isLast: boolean,
): Promise<ServerProcess> {
  writers.pause();
  await server.kill();
  const next = await startServerProcess(directory);
  // After the last kill only what it cut off is repeated.
  const finished = isLast ? writers.finish() : undefined;
  writers.resume(next.url);
  await finished;
  return next;
}

/** Cuts the time into as many parts as there are kills, each 50–150 % of the mean. */
function randomSlices(totalMs: number): number[] {
  const weights = Array.from({ length: KILLS }, () => 0.5 + Math.random());
  const sum = weights.reduce((one, other) => one + other, 0);
  return weights.map((weight) => (weight * totalMs) / sum);
}

/** @returns whether the server's own ledger balances. */
async function readBack(baseUrl: string, directory: string, find: (line: string) => void): Promise<boolean> {
  const apiKey = (await readFile(join(directory, 'data/admin.key'), 'utf8')).trim();
  const client = createClient({ baseUrl, apiKey });
  const stream = await client.download('app', { format: 'ndjson', order: 'asc' });
  for await (const line of toLines(stream)) find(line.toString());
  return (await client.ledger()).balanced;
}

/**
 * What one `fdatasync` costs on this device: 4 KiB written in place, then synced, as a database's log does it.
 *
 * The file is written and synced once beforehand, so that no sync pays for growing it. Blocks the caller.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { latencyFigures } from '../load/latency-samples.ts';
import type { LatencyFigures } from '../load/messages.ts';

export interface SyncFigures extends LatencyFigures {
  readonly syncsPerSecond: number;
}

const PAGE_BYTES = 4096;
/** As large as SQLite's log before its automatic checkpoint (1000 pages). */
const FILE_PAGES = 1000;

export function probeSync(directory: string, seconds: number): SyncFigures {
  const path = join(directory, `sync-probe-${process.pid}`);
  const page = Buffer.alloc(PAGE_BYTES, 0x5a);
  const file = openSync(path, 'w');
  const samples: number[] = [];
  let elapsedMs = 0;
  try {
    for (let index = 0; index < FILE_PAGES; index += 1)
      writeSync(file, page, 0, PAGE_BYTES, index * PAGE_BYTES);
    fdatasyncSync(file);
    const startedAt = performance.now();
    while (elapsedMs < seconds * 1000) {
      page.writeUInt32LE(samples.length, 0);
      writeSync(file, page, 0, PAGE_BYTES, (samples.length % FILE_PAGES) * PAGE_BYTES);
      const from = performance.now();
      fdatasyncSync(file);
      const now = performance.now();
      samples.push(now - from);
      elapsedMs = now - startedAt;
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return {
    ...latencyFigures(Float64Array.from(samples)),
    syncsPerSecond: samples.length / (elapsedMs / 1000),
  };
}

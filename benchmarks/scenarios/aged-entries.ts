/**
 * A data directory whose register `app` is full of entries that are older than the benchmark lets it keep any: every
 * tenth with an idempotency key, payloads of 400 bytes.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { microsToFirstId } from '../../packages/daybook/src/id.ts';
import { createSqliteStore } from '../../packages/daybook/src/store/sqlite/sqlite-store.ts';

/** The register keeps its entries for so long, and the aged ones are as old as this and a day. */
export const RETENTION_DAYS = 30;

const DAY_MICROS = 86_400_000_000;
const PAYLOAD_BYTES = 400;
const BATCH_ENTRIES = 4_000;
const KEYED_EVERY = 10;

/** @param directory exists. Nobody else uses it meanwhile. */
export async function makeAgedEntries(directory: string, count: number): Promise<void> {
  const store = await createSqliteStore({ directory });
  const firstMicros = Date.now() * 1000 - (RETENTION_DAYS + 1) * DAY_MICROS;
  for (let total = 0, n = 1; total < count; n += 1) {
    const from = total;
    total = Math.min(count, from + BATCH_ENTRIES);
    // A thousand a second, as they may have come.
    const entries = Array.from({ length: total - from }, (_, index) => agedEntry(firstMicros, from + index));
    await store.append({
      source: 'aged',
      region: 'local',
      n,
      total,
      entries,
      settledThrough: firstMicros,
    });
  }
  await store.close();
}

function agedEntry(firstMicros: number, index: number) {
  const id = microsToFirstId(firstMicros + index * 1_000);
  const head = `{"device":"door-${index % 100}","sequence":${index},"reading":"`;
  return {
    id: `${id.slice(0, 24)}${index.toString(16).padStart(12, '0')}`,
    register: 'app',
    subject: '',
    requestId: id,
    protocol: 'http' as const,
    region: 'local',
    clientIp: '127.0.0.0',
    contentType: 'application/json',
    payload: Buffer.from(`${head.padEnd(PAYLOAD_BYTES - 2, 'x')}"}`),
    ...(index % KEYED_EVERY === 0 && {
      idempotencyKey: `key-of-an-aged-entry-${index}`,
      fingerprint: new Uint8Array(32),
    }),
  };
}

/** The database with its log, as they lie there. */
export function databaseBytes(directory: string): number {
  return readdirSync(directory)
    .filter((name) => name.startsWith('daybook.db'))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

/**
 * The persister's way into PostgreSQL: from a full queue on disk into the store, against what a service does that inserts
 * one row a request, over one connection and over 64. All on one server that syncs every commit, in phases that take
 * turns, so that drift of the machine hits all alike.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createClock } from '../../packages/daybook/src/clock.ts';
import { parseConfig } from '../../packages/daybook/src/config/load.ts';
import type { Entry } from '../../packages/daybook/src/entry.ts';
import { encodeEnvelope } from '../../packages/daybook/src/envelope.ts';
import { createIdGenerator, idToMicros, randomId } from '../../packages/daybook/src/id.ts';
import { createFileObjects } from '../../packages/daybook/src/objects/file/file-objects.ts';
import { openPersister } from '../../packages/daybook/src/open-persister.ts';
import { createDeadLetters } from '../../packages/daybook/src/persister/dead-letters.ts';
import type { Queue } from '../../packages/daybook/src/queue/queue.ts';
import { createSqliteQueue } from '../../packages/daybook/src/queue/sqlite/sqlite-queue.ts';
import type { Pool } from '../../packages/daybook/src/store/postgres/connection.ts';
import { createPool } from '../../packages/daybook/src/store/postgres/connection.ts';
import { parseConnectionUrl } from '../../packages/daybook/src/store/postgres/connection-url.ts';
import { createPostgresStore } from '../../packages/daybook/src/store/postgres/postgres-store.ts';
import type { Store } from '../../packages/daybook/src/store/store.ts';
import { createLog } from '../../packages/daybook/src/telemetry/log.ts';
import { createFigure, perRound } from '../command/figure.ts';
import type { Figure } from '../command/figure.ts';
import { startBenchPostgres } from '../peers/postgres.ts';
import type { Bench, ScenarioResult } from './bench.ts';

/** What an intake makes of a hundred callers at once. */
const ENTRIES_PER_MESSAGE = 100;
const MESSAGES = { full: 1_500, quick: 300 } as const;
const SENDS_AT_ONCE = 100;
const MANY_CONNECTIONS = 64;
const TARGET_RATIO = 20;
const PAYLOAD_BYTES = 110;

/** What a service of its own would have: the id as key, an index for lists, the body as it came. */
const TABLE = `
  CREATE TABLE request (
    id uuid PRIMARY KEY, register text NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), meta text NOT NULL, payload bytea
  );
  CREATE INDEX ON request (register, id)`;
const INSERT = {
  name: 'insert',
  text: 'INSERT INTO request (id, register, meta, payload) VALUES ($1, $2, $3, $4)',
};

const clock = createClock();
const ids = createIdGenerator(clock);
const source = randomId();
const payload = Buffer.from(JSON.stringify({ event: 'heartbeat', filler: 'x'.repeat(PAYLOAD_BYTES - 34) }));
const META = {
  requestId: 'k3v9c2m1p0qz',
  clientIp: '203.0.113.0',
  protocol: 'https',
  region: 'local',
  contentType: 'application/json',
} as const;

function makeEntry(): Entry {
  return { id: ids.next(), register: 'app', subject: '', ...META, payload };
}

export async function runPostgresScenario(bench: Bench): Promise<ScenarioResult> {
  const { options } = bench;
  const server = await startBenchPostgres(bench.directory);
  const database = await server.createDatabase();
  await server.query(TABLE, database);
  const url = server.url(database);
  const store = await createPostgresStore({ url, region: 'local', newEpoch: 'bench' });
  const directory = join(bench.directory, 'postgres-queue');
  mkdirSync(directory);
  const queue = await createSqliteQueue({ directory });
  const [one, many] = [1, MANY_CONNECTIONS].map((maxConnections) => inserting(url, maxConnections));
  if (one === undefined || many === undefined) throw new Error('expected two pools');
  const rates: Rates = { persist: [], single: [], many: [] };
  const counts = { messages: 0, inserted: 0 };

  async function drain(): Promise<number> {
    const messages = options.quick ? MESSAGES.quick : MESSAGES.full;
    await fill(queue, counts.messages, messages);
    counts.messages += messages;
    return drainRate(queue, store, directory, messages * ENTRIES_PER_MESSAGE);
  }

  async function insert(pool: Pool, loops: number): Promise<number> {
    const { count, rate } = await insertFor(pool, loops, options.seconds);
    counts.inserted += count;
    return rate;
  }

  try {
    bench.tell('PostgreSQL: warming up');
    await drain();
    await insert(one, 1);
    for (let round = 0; round < options.rounds; round += 1) {
      rates.single.push(await insert(one, 1));
      rates.persist.push(await drain());
      rates.many.push(await insert(many, MANY_CONNECTIONS));
      const told = [rates.single, rates.persist, rates.many].map((rate) =>
        Math.round(rate.at(-1) ?? 0).toLocaleString('en'),
      );
      bench.tell(
        `PostgreSQL round ${round + 1} of ${options.rounds}: INSERTs ${told[0]}/s, persisted ${told[1]}/s, 64 × INSERTs ${told[2]}/s`,
      );
    }
    const [row] = await server.query<{ entries: string; rows: string }>(
      'SELECT (SELECT count(*) FROM daybook.entries) AS entries, (SELECT count(*) FROM request) AS rows',
      database,
    );
    const ledger = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 100_000);
    return {
      figures: figuresOf(rates),
      notes: [`PostgreSQL: ${store.capabilities.durabilityProof}`],
      details: { postgres: rates },
      verifications: [],
      voidReasons: voidReasons({
        sent: counts.messages * ENTRIES_PER_MESSAGE,
        found: Number(row?.entries),
        counted: ledger.reduce((sum, each) => sum + each.stored, 0),
        inserted: counts.inserted,
        rows: Number(row?.rows),
        durability: store.capabilities.durability,
      }),
    };
  } finally {
    await Promise.all([queue.close(), store.close(), one.close(), many.close()]);
    await server.dispose();
  }
}

interface Rates {
  readonly persist: number[];
  readonly single: number[];
  readonly many: number[];
}

function inserting(url: string, maxConnections: number): Pool {
  return createPool({
    target: parseConnectionUrl(url),
    password: undefined,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
    lockTimeoutMs: 60_000,
    applicationName: 'benchmark',
    maxConnections,
    poolIdleMs: 600_000,
  });
}

async function fill(queue: Queue, before: number, messages: number): Promise<void> {
  for (let at = 0; at < messages; at += SENDS_AT_ONCE) {
    const some = Array.from({ length: Math.min(SENDS_AT_ONCE, messages - at) }, (_, index) => {
      const n = before + at + index + 1;
      const entries = Array.from({ length: ENTRIES_PER_MESSAGE }, makeEntry);
      const oldestStamp = idToMicros(entries[0]?.id ?? '');
      const batch = {
        source,
        region: 'local',
        n,
        total: n * ENTRIES_PER_MESSAGE,
        entries,
        settledThrough: 0,
      };
      return queue.send({ body: encodeEnvelope({ batch }), entries: ENTRIES_PER_MESSAGE, oldestStamp });
    });
    await Promise.all(some);
  }
}

/** Runs a persister as it is by default until the store has everything. @returns entries a second. */
async function drainRate(queue: Queue, store: Store, directory: string, entries: number): Promise<number> {
  const all = Promise.withResolvers<void>();
  const objects = await createFileObjects({ directory: join(directory, 'objects') });
  let stored = 0;
  const start = performance.now();
  const persister = openPersister({
    config: parseConfig({}),
    queue,
    store,
    deadLetters: createDeadLetters({ objects, store }),
    clock,
    log: createLog('warn', { write: (line) => void process.stderr.write(line) }),
    onStored(some) {
      stored += some;
      if (stored >= entries) all.resolve();
    },
  });
  await all.promise;
  const seconds = (performance.now() - start) / 1_000;
  await persister.drain();
  await persister.close();
  await objects.close();
  return entries / seconds;
}

async function insertFor(
  pool: Pool,
  loops: number,
  seconds: number,
): Promise<{ count: number; rate: number }> {
  const start = performance.now();
  const end = start + seconds * 1_000;
  const meta = JSON.stringify(META);
  let count = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      await pool.write(INSERT, [ids.next(), 'app', meta, payload]);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return { count, rate: (count / (performance.now() - start)) * 1_000 };
}

function figuresOf({ persist, single, many }: Rates): Figure[] {
  const group = `PostgreSQL, entries of ${payload.length} bytes`;
  return [
    createFigure({ group, name: 'persisted from a queue', unit: '/s', rounds: persist }),
    createFigure({ group, name: 'single-row INSERTs, 1 connection', unit: '/s', rounds: single }),
    createFigure({
      group,
      name: `single-row INSERTs, ${MANY_CONNECTIONS} connections`,
      unit: '/s',
      rounds: many,
    }),
    createFigure({
      group,
      name: 'persisted ÷ INSERTs of 1 connection',
      unit: '×',
      rounds: perRound(persist, single),
      target: { atLeast: TARGET_RATIO },
    }),
    createFigure({
      group,
      name: `persisted ÷ INSERTs of ${MANY_CONNECTIONS} connections`,
      unit: '×',
      rounds: perRound(persist, many),
    }),
  ];
}

interface Counts {
  readonly sent: number;
  readonly found: number;
  readonly counted: number;
  readonly inserted: number;
  readonly rows: number;
  readonly durability: string;
}

function voidReasons({ sent, found, counted, inserted, rows, durability }: Counts): string[] {
  return [
    ...(found === sent ? [] : [`PostgreSQL: ${sent} entries were queued and ${found} are in the store`]),
    ...(counted === sent ? [] : [`PostgreSQL: ${sent} entries were queued and the ledger stored ${counted}`]),
    ...(rows === inserted ? [] : [`PostgreSQL: ${inserted} rows were inserted and ${rows} are there`]),
    ...(durability === 'fsync' ? [] : [`PostgreSQL: expected durability fsync, given ${durability}`]),
  ];
}

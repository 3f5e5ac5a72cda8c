/**
 * Every process that the benchmark starts, so that all are ended: at the end, on an error, and on SIGINT or SIGTERM.
 *
 * Each child leads a process group of its own: a Ctrl-C on the terminal reaches the benchmark only, which then ends
 * them in order, and a command that starts others (`npm start`) is ended with all of them. Nothing else is signalled.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Children {
  /** Cores that processes of a role are tied to; `null` when nothing is pinned. */
  readonly cores: CorePlan | null;
  start(options: StartOptions): ChildProcess;
  /** SIGTERM, then SIGKILL after {@link STOP_GRACE_MS}; resolves when the process is gone. */
  stop(child: ChildProcess): Promise<void>;
  stopAll(): Promise<void>;
  /** SIGKILL at once, for a second signal and for the exit of the benchmark itself. */
  killAll(): void;
}

export interface CorePlan {
  readonly server: string;
  readonly load: string;
}

export interface StartOptions {
  readonly command: readonly string[];
  readonly role: keyof CorePlan | 'unpinned';
  readonly env?: Readonly<Record<string, string>>;
  /** `true`: a process channel, standard output discarded. `false`: standard output is a pipe to read. */
  readonly channel: boolean;
}

const STOP_GRACE_MS = 15_000;

export function createChildren(cores: CorePlan | null): Children {
  const running = new Set<ChildProcess>();

  function start({ command, role, env, channel }: StartOptions): ChildProcess {
    const pin = cores === null || role === 'unpinned' ? [] : ['taskset', '--cpu-list', cores[role]];
    const [file, ...args] = [...pin, ...command];
    const child = spawn(file!, args, {
      detached: true,
      env: { ...cleanEnvironment(), ...env },
      stdio: channel ? ['ignore', 'ignore', 'inherit', 'ipc'] : ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.once('error', () => running.delete(child));
    return child;
  }

  async function stop(child: ChildProcess): Promise<void> {
    if (!running.has(child)) return;
    const exited = once(child, 'exit');
    signalGroup(child, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_GRACE_MS);
    await exited;
    clearTimeout(timer);
  }

  return {
    cores,
    start,
    stop,
    stopAll: async () => void (await Promise.allSettled([...running].map(stop))),
    killAll: () => {
      for (const child of running) signalGroup(child, 'SIGKILL');
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is already gone.
  }
}

/** Without the caller's own settings of Daybook. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !pair[0].startsWith('DAYBOOK_'),
  );
  return Object.fromEntries(kept);
}

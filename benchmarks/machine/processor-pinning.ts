/**
 * Ties processes to cores with `taskset`, so that the load cannot take the server's time.
 *
 * The server, with all its threads, gets the first core and the load the second, on any machine: figures of machines
 * with different core counts stay comparable.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { CorePlan } from '../command/children.ts';

/** The cores to use; or why processes cannot be tied to cores here. */
export function planCores(): CorePlan | string {
  if (availableParallelism() < 2) return 'fewer than two cores';
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return { server: '0', load: '1' };
  } catch {
    return 'taskset is not installed';
  }
}

/** Every core, as `taskset` writes it. */
export function allCores(): string {
  return `0-${availableParallelism() - 1}`;
}

/** Moves a running process, with every thread it has, to `cores`. */
export function pinProcess(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}

/**
 * Memory and processor time of another process, from /proc; `null` where the system has none.
 */
import { readFileSync } from 'node:fs';

export interface MemoryFigures {
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}

/** Clock ticks per second of /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export function readMemory(pid: number): MemoryFigures | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return { residentMegabytes: kilobytes('VmRSS') / 1024, peakMegabytes: kilobytes('VmHWM') / 1024 };
  } catch {
    return null;
  }
}

/** Seconds of processor time that all threads of the process have used so far. */
export function readCpuSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields 14 and 15 (utime, stime) of proc_pid_stat(5), counted after the parenthesised name.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

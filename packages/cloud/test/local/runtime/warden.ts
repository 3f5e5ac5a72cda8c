/**
 * Ends processes whose parent has ended, however it ended: frozen ones do not see that a pipe of theirs closes. One
 * shell follows a list of process ids on its standard input and kills those that are left when that closes.
 */
import { spawn } from 'node:child_process';

const SCRIPT = `all=
while read -r sign pid; do
  kept=
  for one in $all; do [ "$one" = "$pid" ] || kept="$kept $one"; done
  all=$kept
  [ "$sign" = + ] && all="$all $pid"
done
for one in $all; do kill -9 "$one"; done`;

export interface Warden {
  watch(pid: number): void;
  /** It has ended: its number may soon belong to another. */
  forget(pid: number): void;
  /** Ends what is left. Idempotent. */
  close(): Promise<void>;
}

export function startWarden(): Warden {
  const shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => shell.once('close', () => resolve()));
  return {
    watch: (pid) => void shell.stdin.write(`+ ${pid}\n`),
    forget: (pid) => void shell.stdin.write(`- ${pid}\n`),
    async close() {
      shell.stdin.end();
      await ended;
    },
  };
}

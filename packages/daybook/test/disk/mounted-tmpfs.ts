/** A small file system of its own, for tests that want a truly full or read-only disk. Needs Linux and root. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MountedTmpfs {
  readonly path: string;
  readOnly(): void;
  /** Unmounts; idempotent. Whatever runs on it must have ended. */
  remove(): void;
}

type Program = 'mount' | 'umount';

function run(program: Program, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

/** @returns why it cannot be mounted here, in place of the mount. */
export function mountTmpfs(options: { sizeBytes: number }): MountedTmpfs | { readonly missing: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { missing: 'mounting a small tmpfs needs Linux and root' };
  }
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'daybook-tmpfs-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${options.sizeBytes}`, 'tmpfs', path);
  } catch (error) {
    rmdirSync(path);
    return { missing: `mounting a small tmpfs was refused: ${String(error).split('\n')[0]}` };
  }
  let mounted = true;
  return {
    path,
    readOnly: () => run('mount', '-o', 'remount,ro', path),
    remove: () => {
      if (!mounted) return;
      run('umount', path);
      rmdirSync(path);
      mounted = false;
    },
  };
}

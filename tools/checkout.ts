/**
 * The checkout as git knows it. A copy of the tracked files is what a stranger gets who clones it, so a file that was
 * never committed is missed here and not by them.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Paths relative to the root that exist in the work tree; with `untracked`, also new files that are not ignored. */
export function listFiles(options: { untracked?: boolean } = {}): string[] {
  // A clone that another user made is read all the same: the list runs nothing of it.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached'];
  if (options.untracked === true) args.push('--others', '--exclude-standard');
  const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  return [...new Set(listed)].filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

export async function copyTrackedFiles(to: string): Promise<void> {
  for (const path of listFiles()) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await cp(join(ROOT, path), join(to, path));
  }
}

/** Calls `work` with a new temporary folder and removes the folder, whatever happens. */
export async function withTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-check-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

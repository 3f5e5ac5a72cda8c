/**
 * Checks the README's shortest way to a running Daybook: in a copy of the tracked files, `npm ci --omit=dev`, then
 * `npm start` with whatever node and npm the machine has. Beside the pinned Node it must stay under 40 MB.
 */
import assert from 'node:assert/strict';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { copyTrackedFiles, withTemporaryFolder } from './checkout.ts';
import { runCommand, say } from './command.ts';
import { serveOnce } from './served.ts';

const MAX_INSTALLED_MB = 40;
/** The optional packages that carry Node itself, one for each system. */
const PINNED_NODE = /^(?:node-(?:linux|darwin|win)-|node-bin-)/;

await withTemporaryFolder(async (folder) => {
  const checkout = join(folder, 'checkout');
  await copyTrackedFiles(checkout);
  runCommand('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: checkout });
  await measure(join(checkout, 'node_modules'));
  await serveOnce({ program: 'npm', args: ['start'], cwd: checkout, dataDir: join(folder, 'data') });
});

async function measure(modules: string): Promise<void> {
  const packages = await readdir(modules);
  let bytes = 0;
  let nodeBytes = 0;
  for (const name of packages) {
    const size = await bytesOnDisk(join(modules, name));
    if (PINNED_NODE.test(name)) nodeBytes += size;
    else bytes += size;
  }
  say(`installed: ${toMb(bytes)} MB, and ${toMb(nodeBytes)} MB of pinned Node beside it`);
  assert.ok(nodeBytes > 0, 'the pinned Node is installed');
  assert.ok(
    bytes < MAX_INSTALLED_MB * 1e6,
    `${toMb(bytes)} MB installed; the limit is ${MAX_INSTALLED_MB} MB`,
  );
}

/** The larger of what the files hold and what the disk gives them (POSIX `st_blocks`: 512 bytes each). */
async function bytesOnDisk(path: string): Promise<number> {
  const stat = await lstat(path);
  let bytes = Math.max(stat.size, stat.blocks * 512);
  if (stat.isDirectory())
    for (const name of await readdir(path)) bytes += await bytesOnDisk(join(path, name));
  return bytes;
}

function toMb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/**
 * Checks the package that would be published: packs a copy of the tracked files, lints the tarball and its types,
 * installs it without development dependencies into an empty folder, imports it, and serves from it once.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { ROOT, copyTrackedFiles, withTemporaryFolder } from './checkout.ts';
import { runCommand, say } from './command.ts';
import { serveOnce } from './served.ts';

/** Node 24, which the package needs; npm itself then runs under it as well. */
const NODE_FOLDER = dirname(process.execPath);

await withTemporaryFolder(async (folder) => {
  const tarball = await pack(folder);
  await lintPackage(tarball);
  lintTypes(tarball);
  await useInstalled(join(folder, 'installed'), tarball);
});

/** The build writes `dist`, so it runs in a copy: the checkout stays as it is and a stale `dist` is never packed. */
async function pack(folder: string): Promise<string> {
  const checkout = join(folder, 'checkout');
  await copyTrackedFiles(checkout);
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  const cwd = join(checkout, 'packages/daybook');
  runCommand('npm', ['pack', '--pack-destination', folder], { cwd, pathFirst: NODE_FOLDER });
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  assert.equal(tarballs.length, 1, 'npm pack made one tarball');
  return join(folder, tarballs[0] ?? '');
}

async function lintPackage(tarball: string): Promise<void> {
  const bytes = Uint8Array.from(await readFile(tarball));
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes.buffer } });
  assert.ok(pkg, 'publint read the manifest');
  for (const message of messages)
    say(`publint: ${message.type}: ${formatMessage(message, pkg, { color: false })}`);
  assert.deepEqual(
    messages.filter(({ type }) => type === 'error').map(({ code }) => code),
    [],
    'publint --strict',
  );
  say(`publint --strict: no error, ${messages.length} suggestions`);
}

function lintTypes(tarball: string): void {
  const manifest = fileURLToPath(import.meta.resolve('@arethetypeswrong/cli/package.json'));
  const program = join(dirname(manifest), 'dist/index.js');
  const options = ['--profile', 'esm-only', '--no-color', '--no-emoji'];
  runCommand(process.execPath, [program, tarball, ...options], { cwd: dirname(tarball) });
}

async function useInstalled(folder: string, tarball: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  const install = ['install', '--omit=dev', '--no-audit', '--no-fund', tarball];
  runCommand('npm', install, { cwd: folder, pathFirst: NODE_FOLDER });
  const entries = ['daybook', 'daybook/client', 'daybook/deployment'];
  await writeFile(
    join(folder, 'use.js'),
    entries.map((entry) => `await import(${JSON.stringify(entry)});\n`).join(''),
  );
  runCommand(process.execPath, ['use.js'], { cwd: folder });
  say(`imported: ${entries.join(', ')}`);
  const program = join(folder, 'node_modules/daybook/bin/daybook.js');
  const dataDir = join(folder, 'data');
  await serveOnce({ program: process.execPath, args: [program, 'serve'], cwd: folder, dataDir });
}

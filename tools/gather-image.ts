/**
 * Gathers what the container image holds: the package as it would be published, with everything that it and the clients of
 * its drivers need, each in the version that `package-lock.json` has, and the certificates of Amazon RDS. Nothing is installed
 * anew, so nothing else can come in.
 *
 *   node tools/gather-image.ts DIRECTORY
 */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';

import { ROOT } from './checkout.ts';
import { runCommand, say } from './command.ts';
import { imagePackages, PACKAGE } from './image-packages.ts';
import { RDS_CERTIFICATES_FILE, rdsCertificates } from './rds-certificates.ts';

/** For editors and debuggers; a third of the bytes. */
const NOT_RUN = /\.d\.[cm]?ts$|\.map$|\.md$/;

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('expected the directory to gather into, given none');
await gather(directory);

async function gather(into: string): Promise<void> {
  const modules = join(into, 'node_modules');
  await mkdir(modules, { recursive: true });
  await unpack(join(modules, 'daybook'));
  const needed = await imagePackages();
  for (const { path } of needed) await copyPackage(path, into);
  await cp(join(ROOT, 'deploy/healthcheck.js'), join(into, 'healthcheck.js'));
  await writeFile(join(into, RDS_CERTIFICATES_FILE), rdsCertificates());
  say(`gathered: daybook and ${needed.length} packages that it needs, as locked`);
}

/** The package, built and packed as `npm publish` does it. */
async function unpack(into: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-image-'));
  try {
    const options = { cwd: join(ROOT, PACKAGE), pathFirst: dirname(process.execPath) };
    runCommand('npm', ['pack', '--silent', '--pack-destination', folder], options);
    const [tarball = ''] = await readdir(folder);
    await mkdir(into, { recursive: true });
    runCommand('tar', ['-xzf', join(folder, tarball), '-C', into, '--strip-components=1'], { cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyPackage(path: string, into: string): Promise<void> {
  const from = join(ROOT, path);
  const nested = `${sep}node_modules`;
  await cp(from, join(into, path.replace(PACKAGE, 'node_modules/daybook')), {
    recursive: true,
    dereference: true,
    // What is nested is needed or not by itself.
    filter: (source) => !NOT_RUN.test(source) && !source.slice(from.length).includes(nested),
  });
}

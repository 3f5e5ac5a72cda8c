/**
 * Gathers what the container image holds: the package as it would be published, with everything that it and the clients of
 * its drivers need, each in the version that `package-lock.json` has, and the certificates of Amazon RDS. Nothing is installed
 * anew, so nothing else can come in.
 *
 *   node tools/gather-image.ts DIRECTORY
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';

import { ROOT } from './checkout.ts';
import { runCommand, say } from './command.ts';
import { RDS_CERTIFICATES_FILE, rdsCertificates } from './rds-certificates.ts';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, Locked>>;

const PACKAGE = 'packages/daybook';
/** For editors and debuggers; a third of the bytes. */
const NOT_RUN = /\.d\.[cm]?ts$|\.map$|\.md$/;

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('expected the directory to gather into, given none');
await gather(directory);

async function gather(into: string): Promise<void> {
  const modules = join(into, 'node_modules');
  await mkdir(modules, { recursive: true });
  await unpack(join(modules, 'daybook'));
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Packages;
  };
  const needed = closure(packages);
  for (const path of needed) await copyPackage(path, into);
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

/** Places in the lock file, of everything that is loaded. The clients of the drivers are optional peers of the package. */
function closure(packages: Packages): string[] {
  const found = new Set<string>();
  const visit = (from: string, names: readonly string[]): void => {
    for (const name of names) {
      const path = resolvePackage(packages, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path] ?? {};
      visit(path, Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
    }
  };
  const { dependencies = {}, peerDependencies = {} } = packages[PACKAGE] ?? {};
  const direct = Object.keys({ ...dependencies, ...peerDependencies });
  const missing = direct.filter((name) => resolvePackage(packages, PACKAGE, name) === undefined);
  if (missing.length > 0) throw new Error(`package-lock.json: expected ${missing.join(', ')}, found none`);
  visit(PACKAGE, direct);
  return [...found].toSorted();
}

/** As Node.js looks: beside the package that asks, then in every folder above it. An optional one may not be there. */
function resolvePackage(packages: Packages, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (path in packages && existsSync(join(ROOT, path))) return path;
    if (at === '') return undefined;
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

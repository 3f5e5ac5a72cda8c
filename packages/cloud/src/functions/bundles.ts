/**
 * Bundles the handlers, once for a synthesis and for a run on this machine. Each becomes a directory with `index.mjs`,
 * its chunks and its pages; the same source gives the same bytes, so an unchanged function is not deployed again.
 *
 * Bundles are kept by the hash of everything that goes into them; a directory of that name is complete.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HandlerName } from 'daybook/deployment';
import { HANDLERS } from 'daybook/deployment';
import { build } from 'esbuild';

/** The directory of each handler's bundle. */
export type Bundles = Readonly<Record<HandlerName, string>>;

export interface BundleOptions {
  /** Where bundles are kept; default beneath `node_modules/.cache`. */
  readonly cache?: string;
}

const PACKAGE = fileURLToPath(new URL('../../../daybook/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/daybook-cloud/', import.meta.url));
/** What npm has installed, with every version. */
const LOCK = fileURLToPath(new URL('../../../../node_modules/.package-lock.json', import.meta.url));
/** Changes when the way of bundling does. */
const RECIPE = fileURLToPath(import.meta.url);

/** @throws when a handler does not build; esbuild's message names file and line. */
export async function buildBundles({ cache = CACHE }: BundleOptions = {}): Promise<Bundles> {
  const directory = join(cache, `bundles-${await hashOfSource()}`);
  if (!(await exists(directory))) await fill(directory, cache);
  const paths = HANDLERS.map((name) => [name, join(directory, name)] as const);
  return Object.fromEntries(paths) as Record<HandlerName, string>;
}

/** Built beside and renamed, so that whoever comes at the same time finds all of it or nothing. */
async function fill(directory: string, cache: string): Promise<void> {
  const unfinished = `${directory}.${process.pid}`;
  await mkdir(cache, { recursive: true });
  for (const name of HANDLERS) await bundle(name, join(unfinished, name));
  try {
    await rename(unfinished, directory);
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(directory))) throw thrown;
  }
}

async function bundle(name: HandlerName, outdir: string): Promise<void> {
  await build({
    absWorkingDir: PACKAGE,
    entryPoints: { index: join('src', 'lambda', `${name}.ts`) },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['daybook-source'],
    // Packages that have both: the modules, of which unused parts are left out.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    // What is CommonJS inside asks for Node's own modules by `require`, which modules do not have.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    define: { BUNDLED_VERSION: JSON.stringify(await versionOfPackage()) },
    logLevel: 'silent',
  });
  // What its pages load; the others have none.
  if (name === 'api') await cp(join(PACKAGE, 'assets'), join(outdir, 'assets'), { recursive: true });
}

async function versionOfPackage(): Promise<string> {
  const manifest = await readFile(join(PACKAGE, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

/** Of the package's own source; of the libraries, their versions as they are installed. */
async function hashOfSource(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(RECIPE));
  for (const folder of ['src', 'assets']) {
    const names = await readdir(join(PACKAGE, folder), { recursive: true, withFileTypes: true });
    const paths = names.filter((name) => name.isFile()).map((name) => join(name.parentPath, name.name));
    for (const path of paths.filter((path) => !path.endsWith('.test.ts')).toSorted()) {
      hash.update(`${relative(PACKAGE, path).split(sep).join('/')}\0`).update(await readFile(path));
    }
  }
  hash.update(await versionOfPackage()).update(await readFile(LOCK));
  return hash.digest('hex').slice(0, 32);
}

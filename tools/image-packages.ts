/**
 * The packages that the container image holds beside Daybook: what it and the clients of its drivers need, as
 * `package-lock.json` has it.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from './checkout.ts';

/** The package that the image is made for. */
export const PACKAGE = 'packages/daybook';

interface Locked {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, Locked>>;

export interface ImagePackage {
  /** In the lock file and in the checkout: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** @throws {Error} when one that is needed is not in the lock file, or not installed. */
export async function imagePackages(): Promise<readonly ImagePackage[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Packages;
  };
  return closure(packages).map((path) => ({
    path,
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version: packages[path]?.version ?? '',
  }));
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

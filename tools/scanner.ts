/**
 * The program that knows vulnerabilities: Grype of Anchore, as one file, from its release, by digest. It is given what to look
 * at and nothing else: no container engine, no variable of the pipeline, a home of its own. A scanner sees everything that a
 * pipeline has, which is why some have been taken over; this one sees what is public anyway.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from './command.ts';
import type { PinnedFile } from './pinned-download.ts';
import { download } from './pinned-download.ts';

const RELEASE = 'https://github.com/anchore/grype/releases/download/v0.119.0/grype_0.119.0_';

/** As the release's own grype_0.119.0_checksums.txt has them. */
const ARCHIVES: Readonly<Record<string, string>> = {
  'linux-x64': 'linux_amd64.tar.gz 3fa2dc4b924621ab65404cf08d0b8438d896d80ab949c9d5a4ca283c36004c9b',
  'linux-arm64': 'linux_arm64.tar.gz 29f0ec7c549ddb0e2b6a0ca714851f7399438afc399b80c12808e065edc9a8f8',
  'darwin-arm64': 'darwin_arm64.tar.gz 500c9b2b6c089d21481815f57a553fabbd441ec7d1e79d95e3aaf40c3bfc7e36',
};

/**
 * Fetches it and unpacks it into a folder.
 * @returns where the program is.
 * @throws {Error} when there is none for this machine, or it cannot be fetched as it was pinned.
 */
export async function fetchScanner(folder: string): Promise<string> {
  const archive = join(folder, 'scanner.tar.gz');
  await writeFile(archive, await download(scannerFor(`${process.platform}-${process.arch}`)));
  runCommand('tar', ['-xzf', archive, '-C', folder, 'grype'], { cwd: folder });
  return join(folder, 'grype');
}

function scannerFor(machine: string): PinnedFile {
  const [name, sha256] = ARCHIVES[machine]?.split(' ') ?? [];
  if (name === undefined || sha256 === undefined)
    throw new Error(`scanner: expected one of ${Object.keys(ARCHIVES).join(', ')}, given ${machine}`);
  return { url: RELEASE + name, sha256 };
}

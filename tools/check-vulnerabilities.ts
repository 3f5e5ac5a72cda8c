/**
 * Scans what the container image is made of for known vulnerabilities: `vulnerability-scan.ts`. Fails for one that is high
 * or critical, and when the scan did not take place.
 *
 *   npm run scan:vulnerabilities -- [--scanner FILE]
 *
 * `--scanner` takes a Grype that is there already; without it the pinned one is fetched.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT, withTemporaryFolder } from './checkout.ts';
import { say } from './command.ts';
import { basesOf, finalStage, instructionsOf, removedOf } from './containerfile.ts';
import { imagePackages } from './image-packages.ts';
import { fetchScanner } from './scanner.ts';
import type { ScanResult } from './vulnerability-scan.ts';
import { scan } from './vulnerability-scan.ts';

const TOLD: Readonly<Record<ScanResult['found'], string>> = {
  nothing: 'nothing of high or critical severity',
  vulnerabilities: 'VULNERABLE, see above',
  unknown: 'NOT SCANNED, see above: nothing is known of it',
};

const { values } = parseArgs({ options: { scanner: { type: 'string' } } });
const stage = finalStage(instructionsOf(await readFile(join(ROOT, 'deploy/Containerfile'), 'utf8')));
const [base = ''] = basesOf(stage);
await withTemporaryFolder(async (folder) => {
  const home = join(folder, 'home');
  await mkdir(home);
  try {
    const results = await scan({
      scanner: values.scanner === undefined ? await fetchScanner(folder) : resolve(values.scanner),
      base,
      removed: removedOf(stage),
      packages: await imagePackages(),
      configuration: join(ROOT, 'deploy/grype.yaml'),
      folder: home,
    });
    for (const { what, found } of results) say(`${what}: ${TOLD[found]}`);
    if (results.some(({ found }) => found !== 'nothing')) process.exitCode = 1;
  } catch (error) {
    say(`NOT SCANNED: ${(error as Error).message}`);
    process.exitCode = 1;
  }
});

/**
 * How much each bundle weighs and how long Node takes to load it: `node --conditions=daybook-source tools/check-bundles.ts`.
 * Each is loaded in processes of its own, and the median told; more than 1.5 MB or 150 ms is a failure.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { HANDLERS } from '../packages/daybook/src/deployment.ts';
import { buildBundles } from '../packages/cloud/src/functions/bundles.ts';
import { say } from './command.ts';

const MAX_BYTES = 1_500_000;
const MAX_MS = 150;
const LOADS = 9;

function weigh(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function loadMs(directory: string): number {
  const file = JSON.stringify(pathToFileURL(join(directory, 'index.mjs')).href);
  const code = `const start = performance.now(); await import(${file}); console.log(performance.now() - start);`;
  const times = Array.from({ length: LOADS }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' })),
  );
  return times.toSorted((a, b) => a - b)[Math.floor(LOADS / 2)] ?? Number.NaN;
}

const bundles = await buildBundles();
for (const name of HANDLERS) {
  const bytes = weigh(bundles[name]);
  const ms = loadMs(bundles[name]);
  const isFine = bytes <= MAX_BYTES && ms <= MAX_MS;
  say(
    `${name.padEnd(14)}${(bytes / 1e6).toFixed(2)} MB ${ms.toFixed(0).padStart(5)} ms${isFine ? '' : '  too much'}`,
  );
  if (!isFine) process.exitCode = 1;
}

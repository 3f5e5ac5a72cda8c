/**
 * The bundles that are deployed: small, alike whenever they are built from the same source, and modules that Lambda can
 * load. How long that takes is printed by `tools/check-bundles.ts`.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { HANDLERS } from 'daybook/deployment';

import { parseDeployment } from '../src/config/load.ts';
import { daybookConfigOf } from '../src/config/daybook-config.ts';
import type { Bundles } from '../src/functions/bundles.ts';
import { buildBundles } from '../src/functions/bundles.ts';
import { CONFIG_FILE, functionCode } from '../src/functions/code.ts';

const MAX_BUNDLE_BYTES = 1_500_000;

let bundles: Bundles;
before(async () => {
  bundles = await buildBundles();
});

function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
    .toSorted();
}

for (const name of HANDLERS) {
  test(`${name} weighs at most 1.5 MB, unpacked`, () => {
    const bytes = filesOf(bundles[name]).reduce(
      (sum, file) => sum + statSync(join(bundles[name], file)).size,
      0,
    );
    assert.ok(bytes <= MAX_BUNDLE_BYTES, `${bytes} bytes`);
  });

  test(`${name} is a module with a handler, and needs nothing beside itself`, async (t) => {
    // Where no package is to be found.
    const directory = mkdtempSync(join(tmpdir(), 'daybook-bundle-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    cpSync(bundles[name], directory, { recursive: true });
    const load = (file: string): Promise<unknown> => import(pathToFileURL(join(directory, file)).href);
    assert.equal(typeof ((await load('index.mjs')) as { readonly handler?: unknown }).handler, 'function');
    for (const file of filesOf(directory).filter((file) => file.endsWith('.mjs'))) await load(file);
  });
}

test('only the function that shows pages has what they load', () => {
  for (const name of HANDLERS) assert.equal(existsSync(join(bundles[name], 'assets')), name === 'api', name);
});

test('the same source gives the same bytes', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'daybook-bundles-'));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  const again = await buildBundles({ cache });
  for (const name of HANDLERS) {
    const files = filesOf(again[name]);
    assert.deepEqual(files, filesOf(bundles[name]));
    for (const file of files)
      assert.ok(readFileSync(join(again[name], file)).equals(readFileSync(join(bundles[name], file))), file);
  }
});

test('a function is given its configuration beside its code', () => {
  const deployment = parseDeployment(
    { name: 'small', account: '111122223333', front: { kind: 'rest-api' } },
    'dev',
  );
  const directory = functionCode(bundles.probe, daybookConfigOf(deployment));
  assert.deepEqual(filesOf(directory), [...filesOf(bundles.probe), CONFIG_FILE].toSorted());
  assert.deepEqual(
    JSON.parse(readFileSync(join(directory, CONFIG_FILE), 'utf8')),
    daybookConfigOf(deployment),
  );
  assert.equal(functionCode(bundles.probe, daybookConfigOf(deployment)), directory);
});

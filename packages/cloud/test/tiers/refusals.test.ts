/**
 * Configurations with services that cannot be: each is answered in one line, with the key, what was expected and why.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { loadDeployment, parseDeployment } from '../../src/config/load.ts';
import { merge } from '../../src/config/merge.ts';
import { readScale, scaleFileOf, writeScale } from '../../src/config/scale-file.ts';
import { EXAMPLES, exampleOf } from '../support/topologies.ts';

const faults: readonly (readonly [change: object, line: RegExp])[] = [
  [{ front: { kind: 'alb' } }, /^front\.kind: expected cdn, because there are services, given alb$/],
  [{ services: undefined }, /^services: expected services, because front\.kind is cdn, given nothing$/],
  [{ queue: undefined }, /^queue: expected one, because there are services, given nothing$/],
  [{ database: undefined }, /^database: expected one, because there are services, given nothing$/],
  [{ network: undefined }, /^network: expected one, because there are services, given nothing$/],
  [
    { services: { image: 'daybook' } },
    /^services\.image: expected an image of Amazon ECR with its tag or digest, given "daybook"$/,
  ],
  [
    { services: { image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/daybook:latest' } },
    /^services\.image: expected a tag that stays with its image, or a digest, given latest$/,
  ],
  [
    { services: { api: { cpu: 256, memoryMb: 4_096 } } },
    /^services\.api\.memoryMb: expected 512 to 2048 in steps of 512 with 256 units/,
  ],
  [
    { services: { web: { min: 5 } } },
    /^services\.web\.max: expected at least 5, as services\.web\.min, given 4$/,
  ],
  [
    { database: { replica: true } },
    /^database\.replica: expected a key of the configuration, given an unknown one$/,
  ],
  [
    { limits: { shutdownGraceMs: 110_000 } },
    /^limits\.shutdownGraceMs: expected at most 104000, because Fargate waits 120 s/,
  ],
  [{ console: true }, /^console: expected none, because there are services and the tier web has the pages/],
  [
    { functions: { provisionedConcurrency: 1 } },
    /^functions\.provisionedConcurrency: expected none, because there are services and tasks are always warm/,
  ],
  [
    { store: { table: 'daybook-restored' } },
    /^store\.table: expected none, because there are services and entries are in PostgreSQL \(database\.restored\)/,
  ],
  [
    { store: { capacity: { mode: 'provisioned', min: 5, max: 10 } } },
    /^store\.capacity: expected none, because there are services and entries are in PostgreSQL/,
  ],
  [
    { registers: { big: { access: 'open', maxEntryBytes: 900_000 } } },
    /^registers\.big\.maxEntryBytes: expected at most \d+, what a message of SQS holds/,
  ],
];
for (const [change, line] of faults) {
  test(`${JSON.stringify(change).slice(0, 60)} is refused: ${line.source.slice(1, 50)}`, async () => {
    const example = await exampleOf('three-tier');
    assert.throws(() => parseDeployment(merge(example, change as Record<string, unknown>), 'dev'), {
      message: line,
    });
  });
}

test('functions know no database', async () => {
  const example = await exampleOf('gateway-queue');
  assert.throws(() => parseDeployment({ ...example, database: { kind: 'rds' } }, 'dev'), {
    message: /^services: expected services, because functions know no database/,
  });
});

test('what was scaled is kept beside the configuration, and is the last word', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-scale-'));
  try {
    const file = join(directory, 'daybook.cloud.json');
    writeFileSync(file, JSON.stringify(await exampleOf('three-tier')));
    const before = await loadDeployment(file, 'prd');
    assert.deepEqual([before.services?.api.min, before.services?.api.max], [2, 4]);
    assert.equal(
      writeScale(file, 'prd', 'api', { min: 6, max: 6 }),
      join(directory, 'daybook.cloud.scale.json'),
    );
    writeScale(file, 'prd', 'web', { min: 3, max: 4 });
    writeScale(file, 'dev', 'api', { min: 1, max: 4 });
    const { services } = await loadDeployment(file, 'prd');
    assert.deepEqual([services?.api.min, services?.api.max, services?.web.min], [6, 6, 3]);
    assert.equal((await loadDeployment(file, 'poc')).services?.api.min, 2);
    assert.deepEqual(readScale(file), {
      prd: { api: { min: 6, max: 6 }, web: { min: 3, max: 4 } },
      dev: { api: { min: 1, max: 4 } },
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a file of numbers that cannot be read is told', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-scale-'));
  try {
    const file = join(directory, 'daybook.cloud.json');
    writeFileSync(file, JSON.stringify(await exampleOf('three-tier')));
    writeFileSync(scaleFileOf(file), '{');
    await assert.rejects(loadDeployment(file, 'prd'), {
      message: /daybook\.cloud\.scale\.json: expected JSON/,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('the file is called after the configuration, whatever it is written in', () => {
  assert.equal(scaleFileOf(`${EXAMPLES}three-tier.ts`), `${EXAMPLES}three-tier.scale.json`);
});

test('a database is backed up every day where people rely on it or work with it, unless they say otherwise', async () => {
  const example = await exampleOf('three-tier');
  const backups = (['poc', 'dev', 'prd'] as const).map(
    (environment) => parseDeployment(example, environment).store.backups,
  );
  assert.deepEqual(backups, [false, true, true]);
  const without = merge(example, { store: { backups: false } });
  assert.equal(parseDeployment(without, 'dev').store.backups, false);
  assert.equal(parseDeployment(await exampleOf('gateway-queue'), 'dev').store.backups, false);
});

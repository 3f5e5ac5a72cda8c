/**
 * What a check of a delivery fetches from elsewhere is what was pinned, and a file is held against it as its platform reads
 * it. The published schemas themselves are out of reach of a test: `npm run check:schemas`.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

import { withAwsTask } from '../../../tools/azure-schema.ts';
import { download } from '../../../tools/pinned-download.ts';
import { faultsOf } from '../../../tools/schema-faults.ts';
import { ROOT } from './support/pipelines.ts';

async function served(work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/gone' ? 404 : 200;
    response.end(url === '/other' ? 'something else' : 'what was looked at');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}

describe('what is fetched', () => {
  const sha256 = createHash('sha256').update('what was looked at').digest('hex');

  test('is what was pinned, or an error that names both digests', () =>
    served(async (url) => {
      assert.equal((await download({ url: `${url}/file`, sha256 })).toString(), 'what was looked at');
      const other = createHash('sha256').update('something else').digest('hex');
      await assert.rejects(
        download({ url: `${url}/other`, sha256 }),
        new RegExp(`${sha256}, given ${other}`),
      );
    }));

  test('is an error that says why, where it cannot be had', async () => {
    await served((url) =>
      assert.rejects(download({ url: `${url}/gone`, sha256 }), /cannot be fetched: expected 200, given 404/),
    );
    await assert.rejects(
      download({ url: 'http://127.0.0.1:1/', sha256 }),
      /cannot be fetched: fetch failed: /,
    );
  });
});

/** In the shape of Azure's, with one task. */
const AZURE = {
  properties: { steps: { items: { $ref: '#/definitions/task' } }, minutes: { type: 'string' } },
  definitions: {
    task: {
      properties: { task: { anyOf: [{ enum: ['NodeTool@0'] }] } },
      anyOf: [{ properties: { task: { pattern: '^NodeTool@0$' } }, required: ['task'] }],
    },
  },
};
const STEPS = `
steps:
  - task: NodeTool@0
  - task: AWSShellScript@1
    inputs: { awsCredentials: a, regionName: b, scriptType: inline, inlineScript: c }
`;

describe('a published schema', () => {
  test('of Azure is told the task of the AWS Toolkit, with the inputs that ours gives it', () => {
    assert.ok(faultsOf(STEPS, AZURE, 'strings').length > 0, 'as it is published it knows no such task');
    assert.deepEqual(faultsOf(STEPS, withAwsTask(AZURE), 'strings'), []);
    const misspelt = faultsOf(STEPS.replace('regionName', 'region'), withAwsTask(AZURE), 'strings');
    assert.match(misspelt.join('\n'), /^\/steps\/1\/inputs must have required property 'regionName'/);
    assert.throws(() => withAwsTask({ definitions: {} }), /expected definitions\.task, found none/);
  });

  test('of Azure reads numbers as text, as Azure does; that of others does not', () => {
    assert.deepEqual(faultsOf('minutes: 15', AZURE, 'strings'), []);
    assert.match(faultsOf('minutes: 15', AZURE, 'values').join(), /^\/minutes must be string/);
  });
});

test('what is pinned is looked after where it is: packages, actions, the base of the image', () => {
  const { updates } = parse(readFileSync(`${ROOT}.github/dependabot.yml`, 'utf8')) as {
    readonly updates: readonly { readonly 'package-ecosystem': string; readonly directory: string }[];
  };
  const files = {
    npm: 'package-lock.json',
    'github-actions': '.github/workflows/main.yml',
    docker: 'Containerfile',
  };
  assert.deepEqual(
    updates.map((one) => one['package-ecosystem']),
    Object.keys(files),
  );
  for (const [index, file] of Object.values(files).entries())
    assert.ok(existsSync(join(ROOT, updates[index]?.directory ?? '', file)), file);
});

/**
 * Two servers, one in each region, as their callers see them while what one wrote has not come to the other: entries that
 * are pending and never wrongly unknown, keys and the audit.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { CreatedKeyView } from '../../src/contract/key-messages.ts';
import type { Receipt } from '../../src/contract/messages.ts';
import { makeEntry } from '../../src/testing/made-batches.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import type { TwoRegions } from './two-regions.ts';
import { startTwoRegions } from './two-regions.ts';

const DAY_MICROS = 86_400_000_000;

async function post(
  server: StartedDaybook,
  path: string,
  headers: Record<string, string> = {},
): Promise<Receipt> {
  const answer = await fetch(server.address + path, { method: 'POST', body: 'a moment', headers });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()) as Receipt;
}

async function statusOf(server: StartedDaybook, path: string): Promise<number> {
  const answer = await fetch(server.address + path);
  await answer.body?.cancel();
  return answer.status;
}

async function admin(server: StartedDaybook, path: string, init: RequestInit = {}): Promise<Response> {
  const authorization = `Bearer ${await server.adminKey()}`;
  return fetch(server.address + path, {
    ...init,
    headers: { authorization, 'content-type': 'application/json' },
  });
}

const regionsOf = (audit: string): string[] =>
  audit
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { region: string }).region);

describe('two regions and their callers', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let two: TwoRegions;
  let here: StartedDaybook;
  let there: StartedDaybook;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-regions-'));
    const file = join(folder, 'daybook.config.json');
    await writeFile(file, JSON.stringify({ registers: { devices: { access: 'key' } } }));
    two = await startTwoRegions(11);
    // Neither has heard of the other.
    for (const side of [0, 1] as const) two.replicator.cut(side);
    const env = { DAYBOOK_CONFIG: file };
    [here, there] = await Promise.all([
      two.regions[0].startServer({ env }),
      two.regions[1].startServer({ env }),
    ]);
  });
  after(async () => {
    await two?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  for (const isNew of [true, false]) {
    const when = isNew ? 'while not even the lane of its region is known' : 'when the region is known';
    test(`an acknowledged entry is pending in the other region until it comes, ${when}`, async () => {
      const receipt = await post(here, '/app');
      assert.equal(receipt.region, 'eu-west-1');
      const path = `/app/${receipt.id}`;
      for (const one of [path, `${path}/payload`]) {
        const early = await fetch(there.address + one);
        assert.equal(early.status, 202, await early.clone().text());
        assert.equal(early.headers.get('retry-after'), '1');
        assert.equal(((await early.json()) as { status: string }).status, 'pending');
      }
      const seen: number[] = [];
      for (let left = 1; left > 0;) {
        left = await two.replicator.copySome(0, 1);
        seen.push(await statusOf(there, path));
      }
      // A lane that is new is looked for every few seconds.
      await eventually('it is there', async () => {
        seen.push(await statusOf(there, path));
        return seen.at(-1) === 200;
      });
      const rises = seen.every((status, at) => status === 200 || (status === 202 && seen[at - 1] !== 200));
      assert.ok(rises, seen.join(' '));
      if (isNew) for (let left = 1; left > 0;) left = await two.replicator.copySome(1, 5);
    });
  }

  test('what never was is unknown in the end, and what is to come is unknown', async () => {
    const now = Date.now() * 1000;
    for (const micros of [now - 2 * DAY_MICROS, now + DAY_MICROS]) {
      const { id } = makeEntry({ micros });
      for (const server of [here, there]) assert.equal(await statusOf(server, `/app/${id}`), 404);
    }
    const { id } = makeEntry({ micros: now - 1_000_000 });
    for (const server of [here, there]) assert.equal(await statusOf(server, `/app/${id}`), 202);
  });

  test('how far all is settled is not claimed by either', async () => {
    for (const server of [here, there]) {
      const page = (await (
        await fetch(`${server.address}/app`, { headers: { accept: 'application/json' } })
      ).json()) as {
        settledThrough: string | null;
      };
      assert.equal(page.settledThrough, null);
    }
  });

  test('a key of one region opens the other when it has come, and no more when its revocation has', async () => {
    for (const side of [0, 1] as const) two.replicator.resume(side);
    const body = JSON.stringify({ name: 'shared', scopes: ['devices.write', 'devices.read'] });
    const made = await admin(here, '/api/keys', { method: 'POST', body });
    assert.equal(made.status, 201, await made.clone().text());
    const { key, keyId } = (await made.json()) as CreatedKeyView;
    const headers = { authorization: `Bearer ${key}` };
    const write = async (server: StartedDaybook): Promise<number> => {
      const answer = await fetch(`${server.address}/devices`, { method: 'POST', body: 'x', headers });
      await answer.body?.cancel();
      return answer.status;
    };
    assert.equal(await write(here), 201);
    await eventually('the other region lets it in', async () => (await write(there)) === 201);
    two.replicator.cut(0);
    assert.equal((await admin(here, `/api/keys/${keyId}`, { method: 'DELETE' })).status, 200);
    assert.equal(await write(here), 401);
    assert.equal(await write(there), 201, 'what has not come cannot be known');
    two.replicator.resume(0);
    await two.replicator.settled();
    await eventually('the other region refuses it', async () => (await write(there)) === 401);
  });

  test('the audit of either region tells of both', async () => {
    const body = JSON.stringify({ name: 'there', scopes: ['devices.read'] });
    assert.equal((await admin(there, '/api/keys', { method: 'POST', body })).status, 201);
    await two.replicator.settled();
    for (const server of [here, there]) {
      // A lane that is new is looked for every few seconds.
      const audit = await eventually('both are in it', async () => {
        const text = await (await admin(server, '/audit?format=ndjson')).text();
        return new Set(regionsOf(text)).size === 2 && text;
      });
      assert.match(audit, /"action":"keys revoke"/);
    }
    assert.deepEqual([...two.replicator.conflicts], []);
  });
});

/**
 * A single server that is drained on purpose: its readiness fails and says who wanted it, it goes on to take and to give
 * back, a restart keeps it, and nobody but an admin can do it.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { Status } from '../../src/contract/messages.ts';
import { cliOf } from '../cli/run-cli.ts';
import { assertProblem } from '../http/assert-problem.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';

const folder = await mkdtemp(join(tmpdir(), 'daybook-drain-'));
after(() => rm(folder, { recursive: true, force: true }));

const admin = ({ adminKey }: Service) => ({ authorization: `Bearer ${adminKey}` });

function ask(service: Service, body: unknown, headers: Record<string, string> = admin(service)) {
  const json = { 'content-type': 'application/json', ...headers };
  return service.fetch('/api/drain', { method: 'POST', headers: json, body: JSON.stringify(body) });
}

async function status(service: Service): Promise<Status> {
  return (await (await service.fetch('/api/status', { headers: admin(service) })).json()) as Status;
}

async function assertReady(service: Service): Promise<void> {
  const ready = await service.fetch('/readyz');
  assert.equal(ready.status, 200, await ready.text());
}

test('a server that is drained is not ready, says who wanted it since when and why, and goes on to serve', async () => {
  const service = await startService();
  await assertReady(service);
  assert.equal(await service.metric('daybook_drained'), 0);
  const drained = await ask(service, { drained: true, reason: 'new database' });
  assert.equal(drained.status, 200);
  const view = (await drained.json()) as Record<string, unknown>;
  assert.match(String(view['since']), /^\d{4}-.*Z$/);
  assert.deepEqual(
    { ...view, since: '' },
    { region: 'local', drained: true, since: '', by: 'daybook:admin', reason: 'new database' },
  );

  for (const path of ['/readyz', '/health']) {
    const { detail } = await assertProblem(await service.fetch(path), 'REGION_DRAINED', { kind: 'read' });
    assert.equal(
      detail,
      `region local was drained by daybook:admin at ${String(view['since'])}: new database`,
    );
  }
  assert.equal((await service.fetch('/healthz')).status, 200);
  const { status: told, components } = await status(service);
  assert.deepEqual([told, components?.['region']?.state], ['drained', 'drained']);
  assert.equal(await service.metric('daybook_drained'), 1);
  const { id } = await service.write('app', '"still taken"');
  assert.equal((await service.read('app', id)).id, id);

  // Repeated, it stays as it is.
  const again = await ask(service, { drained: true, reason: 'another' });
  assert.deepEqual(await again.json(), view);
  const undrained = await ask(service, { drained: false });
  assert.deepEqual(await undrained.json(), {
    region: 'local',
    drained: false,
    since: null,
    by: null,
    reason: null,
  });
  await assertReady(service);
  assert.equal((await status(service)).status, 'ok');
  assert.equal((await ask(service, { drained: false })).status, 200);

  const audited = await service.fetch('/audit?order=asc', { headers: admin(service) });
  const { entries } = (await audited.json()) as { entries: { payload: Record<string, unknown> }[] };
  assert.deepEqual(
    entries.map(({ payload: { action, by, target, outcome, detail } }) => [
      action,
      by,
      target,
      outcome,
      detail,
    ]),
    [
      ['drain', 'daybook:admin', 'local', 'done', { reason: 'new database' }],
      ['undrain', 'daybook:admin', 'local', 'done', undefined],
    ],
  );
});

test('a restart keeps it', async () => {
  const config = { dataDir: join(folder, 'restart'), region: 'eu-west-1' };
  const first = await startService(config);
  assert.equal((await ask(first, { drained: true })).status, 200);
  await first.close();
  const second = await startService(config);
  const { detail } = await assertProblem(await second.fetch('/readyz'), 'REGION_DRAINED', { kind: 'read' });
  assert.match(detail, /^region eu-west-1 was drained by daybook:admin at \S+$/);
  assert.equal((await ask(second, { drained: false })).status, 200);
  await second.close();
  await assertReady(await startService(config));
});

test('only an admin may, and only with words that are known', async () => {
  const service = await startService();
  await assertProblem(await ask(service, { drained: true }, {}), 'UNAUTHENTICATED', { kind: 'write' });
  const cross = { ...admin(service), origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' };
  await assertProblem(await ask(service, { drained: true }, cross), 'CROSS_SITE', { kind: 'write' });
  for (const body of [
    {},
    { drained: 'yes' },
    { drained: true, why: 'x' },
    { drained: true, reason: 'x'.repeat(201) },
  ]) {
    await assertProblem(await ask(service, body), 'PARAMETER_INVALID', { kind: 'write' });
  }
  const headers = admin(service);
  const noJson = await service.fetch('/api/drain', { method: 'POST', headers, body: 'drain' });
  await assertProblem(noJson, 'BODY_NOT_JSON', { kind: 'write' });
  await assertProblem(await service.fetch('/api/drain', { headers }), 'METHOD_NOT_ALLOWED', { kind: 'read' });
  // What is on record of it is no register that can be asked.
  await assertProblem(await service.fetch('/drain', { headers }), 'NOT_FOUND', { kind: 'read' });
  await assertReady(service);
});

test('the client and the command line drain and undrain', async () => {
  const service = await startService();
  const client = createClient({ baseUrl: service.address, apiKey: service.adminKey });
  const { drained, reason } = await client.drain({ reason: 'by the client' });
  assert.deepEqual([drained, reason], [true, 'by the client']);
  assert.equal((await client.undrain()).drained, false);

  const run = cliOf(service.address);
  const env = { DAYBOOK_API_KEY: service.adminKey };
  const first = await run(['drain', '--reason', 'by hand'], { env });
  assert.match(first.stdout, /^region local: drained since \S+Z by daybook:admin: by hand\n$/);
  assert.deepEqual([first.exitCode, first.stderr], [0, '']);
  const shown = await run(['status'], { env });
  assert.match(shown.stdout, /^status +drained$/m);
  assert.equal(shown.exitCode, 0, 'it still accepts');
  const second = await run(['undrain', '--json'], { env });
  assert.equal((JSON.parse(second.stdout) as { drained: boolean }).drained, false);
  await assertReady(service);
});

/** What a caller sees of entries that expired, over HTTP: a server that keeps the entries of `app` for 30 days. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { EntryPage, Ledger, Stats, TailPageView } from '../../src/contract/messages.ts';
import type { Entry } from '../../src/entry.ts';
import { formatStamp, idToMicros } from '../../src/id.ts';
import { makeEntry } from '../../src/testing/made-batches.ts';
import { assertProblem } from '../http/assert-problem.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { eventually } from '../support/eventually.ts';
import { agedEntries, DAY_MICROS, nowMicros, storeIn } from './aged.ts';

const RETENTION_DAYS = 30;
const TEXT = 'text/plain; charset=utf-8';
const fingerprint = createHash('sha256').update(`${TEXT}\0told`).digest();
const told = (idempotencyKey: string) => ({
  contentType: TEXT,
  payload: Buffer.from('told'),
  idempotencyKey,
  fingerprint,
});
const [OLD_KEY, YOUNG_KEY] = ['the-key-of-an-old-entry', 'the-key-of-a-young-entry'];

const old = agedEntries(RETENTION_DAYS + 1, 30, (index) => (index === 7 ? told(OLD_KEY) : {}));
const young = agedEntries(1, 12, (index) => (index === 7 ? told(YOUNG_KEY) : {}));
const elsewhere = agedEntries(RETENTION_DAYS + 1, 3, () => ({ register: 'epoch' }));
const [unknownOld] = agedEntries(RETENTION_DAYS + 1, 1) as [Entry];

const idsOf = (entries: readonly { readonly id: string }[]) => entries.map(({ id }) => id);

const dataDir = await mkdtemp(join(tmpdir(), 'daybook-expired-'));
after(() => rm(dataDir, { recursive: true, force: true }));

/** Taken while all of them were there: of a tail in the midst of the old ones, and behind them. */
const cursors = { overtaken: '', behind: '' };

await storeIn(dataDir, [...old, ...elsewhere, ...young]);
const earlier = await startService({ dataDir });
const page = await tail(earlier, 'from=start');
assert.equal(page.entries.length, old.length + young.length);
cursors.overtaken = page.cursors[4] ?? '';
cursors.behind = page.cursors[old.length + 2] ?? '';
await earlier.close();
const service = await startService({
  dataDir,
  registers: { app: { access: 'open', retentionDays: RETENTION_DAYS } },
});
const list = async () => idsOf((await service.list('/app?order=asc&limit=1000')).entries);
before(() => eventually('the old entries expired', async () => (await list()).length === young.length));

async function tail(of: Service, query: string): Promise<TailPageView> {
  const response = await of.fetch(`/app?live=long-poll&wait=0&${query}`);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as TailPageView;
}

test('an expired entry is gone, its payload too, and so is any id of that age: nobody learns which there were', async () => {
  const given: unknown[] = [];
  for (const { id } of [old[0] as Entry, old[7] as Entry, unknownOld]) {
    for (const path of [`/app/${id}`, `/app/${id}/payload`]) {
      const problem = await assertProblem(await service.fetch(path), 'ENTRY_EXPIRED', { kind: 'read' });
      assert.match(problem.detail, /30 days/);
      given.push({ ...problem, requestId: '', detail: problem.detail.replace(id, '') });
    }
  }
  for (const problem of given) assert.deepEqual(problem, given[0]);
});

test('young ids that never were are unknown, and another register keeps its own', async () => {
  const { id } = makeEntry({ micros: nowMicros() - DAY_MICROS + 500_000 });
  await assertProblem(await service.fetch(`/app/${id}`), 'ENTRY_UNKNOWN', { kind: 'read' });
  for (const entry of elsewhere) assert.equal((await service.read('epoch', entry.id)).id, entry.id);
});

test('lists, exports, tails and counts are without them', async () => {
  const left = idsOf(young);
  assert.deepEqual(await list(), left);
  const from = formatStamp(nowMicros() - 60 * DAY_MICROS);
  const page = (await (await service.fetch(`/app?order=asc&from=${from}`)).json()) as EntryPage;
  assert.deepEqual(idsOf(page.entries), left);
  const lines = (await (await service.fetch('/app?format=ndjson&order=asc')).text()).trimEnd().split('\n');
  assert.deepEqual(idsOf(lines.map((line) => JSON.parse(line) as { id: string })), left);
  assert.deepEqual(idsOf((await tail(service, 'from=start')).entries), left);
  const stats = (await (await service.fetch(`/app/stats?bucket=day&from=${from}`)).json()) as Stats;
  assert.equal(stats.total, young.length);
});

test('a list goes on behind an entry that expired meanwhile', async () => {
  const page = (await (await service.fetch(`/app?order=asc&cursor=${old[3]?.id}`)).json()) as EntryPage;
  assert.deepEqual(idsOf(page.entries), idsOf(young));
});

test('a tail that retention has overtaken is told so, with a cursor from which it goes on', async () => {
  for (const live of ['long-poll&wait=0', 'sse']) {
    const answer = await service.fetch(`/app?live=${live}&cursor=${cursors.overtaken}`);
    const problem = await assertProblem(answer, 'CURSOR_EXPIRED', { kind: 'read' });
    const { cursor } = problem as { cursor?: string };
    assert.deepEqual(idsOf((await tail(service, `cursor=${cursor}`)).entries), idsOf(young));
  }
});

test('a tail behind what expired goes on as if nothing had been', async () => {
  assert.deepEqual(idsOf((await tail(service, `cursor=${cursors.behind}`)).entries), idsOf(young.slice(3)));
});

test('the ledger tells what expired, and balances', async () => {
  const from = formatStamp(nowMicros() - 60 * DAY_MICROS);
  const headers = { authorization: `Bearer ${service.adminKey}` };
  const ledger = (await (await service.fetch(`/api/ledger?from=${from}`, { headers })).json()) as Ledger;
  assert.ok(ledger.balanced);
  const ofApp = ledger.rows.filter(({ register }) => register === 'app');
  assert.equal(
    ofApp.reduce((sum, { expired }) => sum + expired, 0),
    old.length,
  );
});

const send = (key: string, body: string) =>
  service.write('app', body, { 'content-type': TEXT, 'idempotency-key': key });

// Last, because it writes.
test('the key of an expired entry is free, that of a young one is held', async () => {
  const again = await send(YOUNG_KEY, 'told');
  assert.deepEqual([again.id, again.duplicate], [young[7]?.id, true]);
  const first = await send(OLD_KEY, 'something else');
  assert.equal(first.duplicate, false);
  assert.ok(idToMicros(first.id) > idToMicros(young.at(-1)?.id ?? ''));
  const repeat = await send(OLD_KEY, 'something else');
  assert.deepEqual([repeat.id, repeat.duplicate], [first.id, true]);
});

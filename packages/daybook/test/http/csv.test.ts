/** CSV: RFC 4180, fixed columns, and no cell that a spreadsheet takes for a formula. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startService } from './service.ts';

const service = await startService({
  registers: {
    hooks: { access: 'open', keepHeaders: ['x-event'], keepQuery: ['team'], occurredAtFrom: 'when' },
  },
});

const COLUMNS =
  'id,register,receivedAt,occurredAt,subject,requestId,clientIp,protocol,region,headers,query,idempotencyKey,contentType,payloadEncoding,payload';

/** A reader of RFC 4180, written from its grammar. @throws {Error} where the text is none. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (let at = 0; at < text.length;) {
    const quoted = /"((?:[^"]|"")*)"(,|\r\n)/y;
    const plain = /([^",\r\n]*)(,|\r\n)/y;
    quoted.lastIndex = at;
    plain.lastIndex = at;
    const match = quoted.exec(text) ?? plain.exec(text);
    if (match === null) throw new Error(`no CSV at ${at}: ${JSON.stringify(text.slice(at, at + 40))}`);
    record.push(text[at] === '"' ? (match[1] ?? '').replaceAll('""', '"') : (match[1] ?? ''));
    at += match[0].length;
    if (match[2] === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}

async function csv(pathAndQuery: string): Promise<Record<string, string>[]> {
  const answer = await service.fetch(pathAndQuery, { headers: { accept: 'text/csv' } });
  assert.equal(answer.status, 200);
  const text = await answer.text();
  assert.ok(text.startsWith(`${COLUMNS}\r\n`));
  const [columns = [], ...records] = parseCsv(text);
  for (const record of records) assert.equal(record.length, columns.length);
  return records.map((record) => Object.fromEntries(record.map((cell, index) => [columns[index], cell])));
}

async function written(body: string | Buffer, type: string): Promise<Record<string, string>> {
  await service.write('app', Buffer.from(body), { 'content-type': type });
  const [row] = await csv('/app?limit=1');
  return row as Record<string, string>;
}

test('a register without entries is its header alone', async () => {
  assert.deepEqual(await csv('/epoch'), []);
});

test('each column is the member of the entry with its name', async () => {
  const headers = {
    'content-type': 'application/json',
    'x-event': 'push',
    'idempotency-key': 'a-key-for-the-columns',
  };
  const body = '{"when":"2026-11-21","text":"a, \\"b\\""}';
  await service.fetch('/hooks?team=x', { method: 'POST', headers, body });
  const [row] = await csv('/hooks');
  const [entry] = (await service.list('/hooks')).entries;
  assert.deepEqual(row, {
    id: entry?.id,
    register: 'hooks',
    receivedAt: entry?.receivedAt,
    occurredAt: '2026-11-21T00:00:00.000000Z',
    subject: '',
    requestId: entry?.requestId,
    clientIp: '127.0.0.0',
    protocol: 'http',
    region: 'local',
    headers: '{"x-event":"push"}',
    query: '{"team":"x"}',
    idempotencyKey: 'a-key-for-the-columns',
    contentType: 'application/json',
    payloadEncoding: '',
    payload: body,
  });
});

for (const text of [
  'plain',
  'a,b',
  'say "hi"',
  '"',
  '""',
  ',',
  'a\nb',
  'a\r\nb\r\n',
  'a\rb',
  '\u0000',
  'é\u{1F4D3}',
  '  spaced ',
]) {
  test(`the text ${JSON.stringify(text)} comes back from its cell`, async () => {
    assert.equal((await written(text, 'text/plain'))['payload'], text);
  });
}

for (const text of [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\n=1',
  '＝1+1',
  '\r=1',
  '=cmd|"/c calc"!A1',
  '=HYPERLINK("http://x","y")',
  '-2+3,"x"',
]) {
  test(`the text ${JSON.stringify(text)} gets an apostrophe and is no formula`, async () => {
    const { payload } = await written(text, 'text/plain');
    assert.equal(payload, `'${text}`);
  });
}

test('a JSON number is a formula to a spreadsheet when it is negative', async () => {
  assert.equal((await written('-5', 'application/json'))['payload'], "'-5");
  assert.equal((await written('5', 'application/json'))['payload'], '5');
});

test('no cell begins like a formula, also not those that come from headers', async () => {
  const headers = {
    'content-type': '=1+1',
    'x-request-id': '-1',
    'idempotency-key': '=cmd|calc!A1-xxxxxxxx',
    'x-event': '@x',
  };
  await service.fetch('/hooks?team=%3D1', { method: 'POST', headers, body: 'x' });
  const [row = {}] = await csv('/hooks?limit=1');
  assert.deepEqual(
    [row['contentType'], row['requestId'], row['idempotencyKey']],
    ["'=1+1", "'-1", "'=cmd|calc!A1-xxxxxxxx"],
  );
  for (const cell of Object.values(row)) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
});

test('bytes are base64, and say so', async () => {
  const bytes = Buffer.from([0, 1, 0xff, 0xfe]);
  const row = await written(bytes, 'application/octet-stream');
  assert.deepEqual([row['payloadEncoding'], row['payload']], ['base64', bytes.toString('base64')]);
});

test('an entry without a payload has empty cells', async () => {
  await service.write('app');
  const [row = {}] = await csv('/app?limit=1');
  assert.deepEqual([row['contentType'], row['payloadEncoding'], row['payload']], ['', '', '']);
});

test('it is offered as a file', async () => {
  const answer = await service.fetch('/app?format=csv&limit=1');
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="app.csv"');
  await answer.text();
});

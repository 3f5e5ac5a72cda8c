/** Lists as streams (NDJSON, CSV, text): everything in the range, resumed by `after=`. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { empty: { access: 'open' } } });

const COUNT = 2000;
let written: string[] = [];

before(async () => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = Array.from({ length: COUNT }, (_, n) => JSON.stringify({ n, text: 'é'.repeat(n % 50) })).join(
    '\n',
  );
  const answer = await service.fetch('/app', { method: 'POST', headers, body });
  written = (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
});

type Format = 'ndjson' | 'text' | 'csv';
const FORMATS: readonly Format[] = ['ndjson', 'text', 'csv'];

async function ids(query: string, format: Format): Promise<string[]> {
  const answer = await service.fetch(`/app?format=${format}&${query}`);
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).split('\n');
  assert.equal(lines.pop(), '', 'the last line ends like every other');
  if (format === 'csv') lines.shift();
  if (format === 'ndjson') return lines.map((line) => (JSON.parse(line) as { id: string }).id);
  return lines.map((line) => line.split(format === 'csv' ? ',' : '\t')[format === 'csv' ? 0 : 1] as string);
}

for (const format of FORMATS) {
  test(`${format} gives everything, without a limit of its own`, async () => {
    assert.deepEqual(await ids('order=asc', format), written);
    assert.deepEqual(await ids('', format), written.toReversed());
  });

  test(`${format} keeps to a limit, also beyond that of a page`, async () => {
    assert.deepEqual(await ids('order=asc&limit=1', format), written.slice(0, 1));
    assert.deepEqual(await ids('order=asc&limit=200', format), written.slice(0, 200));
    assert.deepEqual(await ids('order=asc&limit=1234', format), written.slice(0, 1234));
    assert.deepEqual(await ids('order=asc&limit=999999999999999', format), written);
  });

  test(`${format} resumes behind an id, in either order`, async () => {
    const at = 1300;
    assert.deepEqual(await ids(`order=asc&after=${written[at]}`, format), written.slice(at + 1));
    assert.deepEqual(await ids(`after=${written[at]}`, format), written.slice(0, at).toReversed());
    assert.deepEqual(await ids(`order=asc&after=${written.at(-1)}`, format), []);
  });

  test(`${format} keeps to its range`, async () => {
    const [from, to] = await Promise.all([500, 1500].map((at) => service.read('app', written[at] as string)));
    const given = await ids(`order=asc&from=${from?.receivedAt}&to=${to?.receivedAt}`, format);
    const first = written.indexOf(given[0] as string);
    assert.deepEqual(given, written.slice(first, first + given.length));
    assert.ok(first <= 500 && first + given.length <= 1500);
  });

  test(`${format} of a register without entries ends at once`, async () => {
    const text = await (await service.fetch(`/empty?format=${format}`)).text();
    assert.equal(text.split('\n').length - 1, format === 'csv' ? 1 : 0);
  });
}

test('a stream that broke off anywhere is resumed by the last whole line', async () => {
  const whole = await (await service.fetch('/app?format=ndjson&order=asc')).text();
  for (const share of [0.1, 0.5, 0.9]) {
    const lines = whole
      .slice(0, Math.floor(whole.length * share))
      .split('\n')
      .slice(0, -1);
    const last = JSON.parse(lines.at(-1) as string) as { id: string };
    const rest = await (await service.fetch(`/app?format=ndjson&order=asc&after=${last.id}`)).text();
    assert.equal(`${lines.join('\n')}\n${rest}`, whole);
  }
});

test('a stream in ascending order ends although writes go on', async () => {
  let writing = true;
  const writer = (async () => {
    while (writing) await service.write('epoch', 'x');
  })();
  for (let n = 0; n < 150; n += 1) await service.write('epoch', 'x');
  const text = await (await service.fetch('/epoch?format=ndjson&order=asc')).text();
  writing = false;
  await writer;
  const given = text.trimEnd().split('\n');
  assert.ok(given.length >= 150);
  assert.equal(new Set(given).size, given.length);
});

test('a line of text is the stamp, the id and the payload, whatever breaks lines in it', async () => {
  const { id, receivedAt } = await service.write('app', 'a\tb\r\nc\nd', { 'content-type': 'text/plain' });
  const text = await (await service.fetch('/app?format=text&limit=1')).text();
  assert.equal(text, `${receivedAt}\t${id}\ta b c d\n`);
});

test('a line of text commands no terminal', async () => {
  for (const text of [
    '\u001b]0;title\u0007x',
    '\u009b31mx',
    'a\u0000\u0008\u007fb',
    '\u2028\u2029\u0085\u000b\u000c',
  ]) {
    for (const [type, body] of [
      ['text/plain', text],
      ['application/json', JSON.stringify(text)],
    ] as const) {
      const { id } = await service.write('app', body, { 'content-type': type });
      for (const path of ['/app?format=text&limit=1', `/app/${id}?format=text`]) {
        const line = await (await service.fetch(path)).text();
        assert.match(line.replaceAll('\t', ''), /^[^\p{Cc}\u2028\u2029]+\n$/u);
      }
    }
  }
});

test('a reader that goes away in the middle leaves nothing behind', async () => {
  for (let n = 0; n < 20; n += 1) {
    const gone = new AbortController();
    const answer = await service.fetch('/app?format=ndjson', { signal: gone.signal });
    const reader = answer.body?.getReader();
    await reader?.read();
    gone.abort();
    await assert.rejects(async () => {
      for (;;) if ((await reader?.read())?.done === true) return;
    });
  }
  assert.deepEqual(service.logged, []);
});

test('a cursor of a page is taken too, and what is no id is refused', async () => {
  const { nextCursor } = await service.list('/app?order=asc&limit=10');
  assert.deepEqual((await ids(`cursor=${nextCursor}&limit=5`, 'ndjson')).slice(0, 5), written.slice(10, 15));
  await assertProblem(await service.fetch('/app?format=csv&after=x'), 'CURSOR_INVALID', { kind: 'read' });
});

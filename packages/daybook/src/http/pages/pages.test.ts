/** What holds for every page: paths below the base path, no inline script or style, and nobody's markup but ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../config/load.ts';
import type { EntryView, Problem } from '../../contract/messages.ts';
import type { Register } from '../../register.ts';
import { createOpenApiDocument } from '../openapi/document.ts';
import { docsPage } from './docs.ts';
import { entryPage } from './entry.ts';
import { problemPage } from './problem.ts';
import { receiptPage } from './receipt.ts';
import { registerPage } from './register.ts';
import { welcomePage } from './welcome.ts';

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>\u202e\u0000`;

const { registers } = parseConfig({});
const register = registers.find(({ name }) => name === 'app') as Register;

const entry: EntryView = {
  id: '01a1fd1a-a188-7ca3-9704-32359352680a',
  register: 'app',
  receivedAt: '2026-11-21T07:55:43.368790Z',
  occurredAt: HOSTILE,
  subject: HOSTILE,
  requestId: HOSTILE,
  clientIp: HOSTILE,
  protocol: 'http',
  region: HOSTILE,
  headers: { [HOSTILE]: HOSTILE },
  query: { [HOSTILE]: HOSTILE },
  idempotencyKey: HOSTILE,
  contentType: HOSTILE,
  payload: HOSTILE,
  status: 'stored',
};

const problem: Problem = {
  type: 'urn:daybook:error:parameter-invalid',
  title: 'A query parameter has an invalid value',
  status: 400,
  code: 'PARAMETER_INVALID',
  detail: HOSTILE,
  retryable: false,
  requestId: HOSTILE,
  outcome: 'unknown',
  id: HOSTILE,
  cursor: HOSTILE,
};

function pagesAt(basePath: string): Record<string, string> {
  const site = { basePath, version: '1.2.3' };
  const durability = { level: 'fsync', proof: HOSTILE } as const;
  const receipt = {
    id: entry.id,
    register: 'app',
    receivedAt: entry.receivedAt,
    status: 'stored',
    durability: 'fsync',
    region: 'local',
    duplicate: false,
  } as const;
  return {
    welcome: welcomePage({
      ...site,
      region: HOSTILE,
      durability,
      registers,
      postRegister: register,
      latest: [entry],
    }),
    'welcome without a register': welcomePage({
      ...site,
      region: 'local',
      durability,
      registers: [],
      latest: [],
    }),
    register: registerPage({
      ...site,
      register,
      entries: [entry],
      nextHref: `${basePath}/app?cursor=x`,
      newestHref: `${basePath}/app`,
      from: HOSTILE,
      to: HOSTILE,
      settledThrough: entry.receivedAt,
    }),
    'empty register': registerPage({ ...site, register, entries: [], settledThrough: null }),
    entry: entryPage({ ...site, register, entry }),
    receipt: receiptPage({ ...site, register, receipt }),
    problem: problemPage(problem, site),
    docs: docsPage(createOpenApiDocument({ registers, version: '1.2.3', basePath }), site),
  };
}

for (const [name, page] of Object.entries(pagesAt('/dev'))) {
  test(`${name}: every link, asset and form is below the base path`, () => {
    const targets = [...page.matchAll(/\s(?:href|src|action|data-register)="([^"]*)"/g)].map(
      ([, target]) => target,
    );
    assert.notEqual(targets.length, 0);
    assert.deepEqual(
      targets.filter((target) => !/^(?:\/dev(?:\/|$)|#)/.test(target ?? '')),
      [],
    );
  });

  test(`${name}: there is no script, style or handler in the page itself`, () => {
    const markup = page.replaceAll(/"[^"]*"/g, '""');
    assert.doesNotMatch(markup, /<script(?![^>]*\ssrc=")|<style|<[^>]*\s(?:style|on\w+)=/i);
  });

  test(`${name}: what a client sent does not become markup`, () => {
    assert.doesNotMatch(page, /alert\('x'\)|<img src=x/);
  });

  test(`${name}: ids are unique and every reference to one has its target`, () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids, [...new Set(ids)]);
    const references = [
      ...page.matchAll(/\s(?:for|aria-labelledby|aria-describedby)="([^"]+)"|href="#([^"]+)"/g),
    ];
    for (const [, label, fragment] of references)
      assert.ok(ids.includes(label ?? fragment), label ?? fragment);
  });
}

test('a problem page needs no site', () => {
  assert.match(problemPage(problem), /href="\/assets\/daybook\.css"/);
});

test('an entry shows JSON indented, with the numbers that were sent', () => {
  const json = { ...entry, contentType: 'application/json', payload: '{"n":12345678901234567890}' };
  assert.match(
    entryPage({ basePath: '', version: '', register, entry: json }),
    /&quot;n&quot;: 12345678901234567890/,
  );
});

test('a payload that is larger than a page should be is cut, and the page says so', () => {
  const large = { ...entry, contentType: 'text/plain', payload: 'x'.repeat(1_000_000) };
  const page = entryPage({ basePath: '', version: '', register, entry: large });
  assert.match(page, /Only the first 262144 of 1000000 characters are shown/);
  assert.ok(page.length < 300_000);
});

test('a stamp is shown whole, and its time of day stands out', () => {
  assert.match(
    registerPage({ basePath: '', version: '', register, entries: [entry], settledThrough: null }),
    /<time class="stamp" datetime="2026-11-21T07:55:43\.368790Z"\s*>\s*<span class="date">2026-11-21<\/span>\s<span class="clock">07:55:43<\/span\s*><span class="fraction">\.368790<\/span>/,
  );
});

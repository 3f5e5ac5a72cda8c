/** A page of another site in a real browser: what it can do to a server of this machine, and what it can once it is allowed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { Browser, Page } from 'playwright-core';

import type { EntryPage } from '../../src/contract/messages.ts';
import { eventually } from '../support/eventually.ts';
import { type StartedDaybook, startDaybook } from '../support/start-daybook.ts';
import { launchBrowser, skip } from './browser.ts';

/** What the page of the other site tries, each at a given address. */
const ATTEMPTS = `
  const told = (promise) => promise.then(({ type, status }) => type + ' ' + status, ({ name }) => name);
  globalThis.attempts = {
    async posts(address) {
      const post = (init) => told(fetch(address + '/app', { method: 'POST', body: 'from another site', ...init }));
      return [
        await post({ mode: 'no-cors' }),
        await post({ mode: 'no-cors', referrerPolicy: 'no-referrer' }),
        await post({ mode: 'no-cors', body: new URLSearchParams({ a: 'b' }), credentials: 'include' }),
        await post({}),
        await post({ body: '{}', headers: { 'content-type': 'application/json' } }),
        await post({ headers: { authorization: 'Bearer x' } }),
      ];
    },
    beacon: (address) => navigator.sendBeacon(address + '/app', 'beacon'),
    form(address) {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', enctype: 'text/plain', action: address + '/app' });
      document.body.append(form);
      form.submit();
    },
    async reads(address) {
      const script = document.createElement('script');
      script.src = address + '/app?format=text';
      const loaded = new Promise((resolve) => {
        script.addEventListener('load', () => resolve('loaded'));
        script.addEventListener('error', () => resolve('refused'));
      });
      document.head.append(script);
      return [await told(fetch(address + '/app')), await loaded, 'stolen' in globalThis];
    },
    frame(address) {
      const frame = document.createElement('iframe');
      frame.src = address + '/';
      document.body.append(frame);
    },
    async uses(address) {
      const answer = await fetch(address + '/shared', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'a-key-of-the-page-1' },
        body: '{"from":"the page"}',
      });
      const events = new EventSource(address + '/shared?live=sse&from=start');
      const event = await new Promise((resolve) => {
        events.addEventListener('message', ({ data }) => resolve(data));
        events.addEventListener('error', () => resolve('failed'));
      });
      events.close();
      const { code } = await (await fetch(address + '/shared/nothing')).json();
      const { status, headers } = answer;
      return { status, location: headers.get('location'), durability: headers.get('daybook-durability'), event, code };
    },
  };
`;

interface Used {
  readonly status: number;
  readonly location: string;
  readonly durability: string;
  readonly event: string;
  readonly code: string;
}

describe('a page of another site', { skip }, () => {
  let browser: Browser;
  let daybook: StartedDaybook;
  let site: Server;
  let directory: string;
  let page: Page;

  before(async () => {
    site = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<!doctype html><title>Another site</title><body><script>${ATTEMPTS}</script>`);
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    // By its name the same machine is another site.
    const origin = `http://localhost:${(site.address() as AddressInfo).port}`;
    directory = await mkdtemp(join(tmpdir(), 'daybook-cross-site-'));
    const file = join(directory, 'daybook.config.json');
    const registers = { shared: { access: 'open', cors: { origins: [origin] } } };
    await writeFile(file, JSON.stringify({ registers }));
    daybook = await startDaybook({ env: { DAYBOOK_CONFIG: file } });
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(origin);
  });
  after(async () => {
    await browser?.close();
    await daybook?.stop();
    site?.closeAllConnections();
    site?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const attempt = (name: string, on: Page = page): Promise<unknown> =>
    on.evaluate(`attempts.${name}(${JSON.stringify(daybook.address)})`);

  const entries = async (register: string) => {
    const answer = await fetch(`${daybook.address}/${register}`);
    return ((await answer.json()) as EntryPage).entries;
  };

  async function answered(status: string): Promise<number> {
    const metrics = await (await fetch(`${daybook.address}/metrics`)).text();
    const line = `daybook_writes_total{register="app",status="${status}"} `;
    return Number(
      metrics
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.slice(line.length) ?? 0,
    );
  }

  test('cannot post: not without asking, not by a form or a beacon, and not by asking', async () => {
    const outcomes = await attempt('posts');
    assert.deepEqual(outcomes, ['opaque 0', 'opaque 0', 'opaque 0', 'TypeError', 'TypeError', 'TypeError']);
    assert.equal(await attempt('beacon'), true);
    const second = await browser.newPage();
    await second.goto(page.url());
    const answer = second.waitForResponse((response) => response.request().method() === 'POST');
    await Promise.all([answer, attempt('form', second)]);
    assert.equal((await answer).status(), 403);
    await second.close();
    // Four by scripts, the beacon and the form; the other two were not even sent.
    await eventually('all that was sent is answered', async () => (await answered('403')) === 6);
    assert.equal(await answered('201'), 0);
    assert.deepEqual(await entries('app'), []);
  });

  test('cannot read, neither by a script nor as a script', async () => {
    await fetch(`${daybook.address}/app`, { method: 'POST', body: 'globalThis.stolen = 1' });
    assert.deepEqual(await attempt('reads'), ['TypeError', 'refused', false]);
  });

  test('cannot frame our pages, whose buttons somebody could be made to press', async () => {
    await attempt('frame');
    const framed = await eventually('the frame is refused', async () =>
      page.frames().find((frame) => frame.url().startsWith('chrome-error:')),
    );
    assert.equal(await framed.getByRole('button').count(), 0);
  });

  test('posts, reads the receipt and follows, where the configuration names its origin', async () => {
    const { status, location, durability, event, code } = (await attempt('uses')) as Used;
    const [entry] = await entries('shared');
    assert.deepEqual([status, location, durability], [201, `/shared/${entry?.id}`, 'fsync']);
    assert.equal((JSON.parse(event) as { id: string }).id, entry?.id);
    assert.equal(code, 'ENTRY_UNKNOWN');
  });

  test('our own page still posts', async () => {
    const own = await browser.newPage();
    await own.goto(daybook.address);
    await own.getByLabel('Note').fill('from our own page');
    await own.getByRole('button', { name: 'Put it on record' }).click();
    await eventually('it is on record', async () => (await entries('app')).length === 2);
    await own.close();
  });
});

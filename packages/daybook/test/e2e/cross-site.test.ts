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

describe('a page of another site', { skip }, () => {
  let browser: Browser;
  let daybook: StartedDaybook;
  let site: Server;
  let directory: string;
  let page: Page;

  before(async () => {
    site = createServer((_, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Another site</title>');
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
    site?.close();
    await rm(directory, { recursive: true, force: true });
  });

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
    const outcomes = await page.evaluate(async (address) => {
      const post = (init: RequestInit) =>
        fetch(`${address}/app`, { method: 'POST', ...init }).then(
          ({ type, status }) => `${type} ${status}`,
          (error: Error) => error.name,
        );
      const simple = { body: 'from another site' };
      return [
        await post({ ...simple, mode: 'no-cors' }),
        await post({ ...simple, mode: 'no-cors', referrerPolicy: 'no-referrer' }),
        await post({ body: new URLSearchParams({ a: 'b' }), mode: 'no-cors', credentials: 'include' }),
        await post(simple),
        await post({ body: '{}', headers: { 'content-type': 'application/json' } }),
        await post({ ...simple, headers: { authorization: 'Bearer x' } }),
      ];
    }, daybook.address);
    assert.deepEqual(outcomes, ['opaque 0', 'opaque 0', 'opaque 0', 'TypeError', 'TypeError', 'TypeError']);
    assert.equal(
      await page.evaluate((address) => navigator.sendBeacon(`${address}/app`, 'beacon'), daybook.address),
      true,
    );
    const form = await browser.newPage();
    await form.goto(page.url());
    const [answer] = await Promise.all([
      form.waitForResponse((response) => response.request().method() === 'POST'),
      form.evaluate((address) => {
        const element = document.createElement('form');
        element.method = 'post';
        element.enctype = 'text/plain';
        element.action = `${address}/app`;
        document.body.append(element);
        element.submit();
      }, daybook.address),
    ]);
    assert.equal(answer.status(), 403);
    await form.close();
    // Four by scripts, the beacon and the form; the other two were not even sent.
    await eventually('all that was sent is answered', async () => (await answered('403')) === 6);
    assert.equal(await answered('201'), 0);
    assert.deepEqual(await entries('app'), []);
  });

  test('cannot read, neither by a script nor as a script', async () => {
    await fetch(`${daybook.address}/app`, { method: 'POST', body: 'globalThis.stolen = 1' });
    const stolen = await page.evaluate(async (address) => {
      const read = await fetch(`${address}/app`).then(
        ({ type }) => type,
        (error: Error) => error.name,
      );
      const script = document.createElement('script');
      script.src = `${address}/app?format=text`;
      const loaded = new Promise((resolve) => {
        script.onload = () => resolve('loaded');
        script.onerror = () => resolve('refused');
      });
      document.head.append(script);
      return [read, await loaded, 'stolen' in globalThis];
    }, daybook.address);
    assert.deepEqual(stolen, ['TypeError', 'refused', false]);
  });

  test('cannot frame our pages, whose buttons somebody could be made to press', async () => {
    await page.evaluate((address) => {
      const frame = document.createElement('iframe');
      frame.src = `${address}/`;
      document.body.append(frame);
    }, daybook.address);
    const framed = await eventually('the frame is refused', async () =>
      page.frames().find((frame) => frame.url().startsWith('chrome-error:')),
    );
    assert.equal(await framed.getByRole('button').count(), 0);
  });

  test('posts, reads the receipt and follows, where the configuration names its origin', async () => {
    const seen = await page.evaluate(async (address) => {
      const answer = await fetch(`${address}/shared`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'a-key-of-the-page-1' },
        body: '{"from":"the page"}',
      });
      const events = new EventSource(`${address}/shared?live=sse&from=start`);
      const event = await new Promise<string>((resolve) => {
        events.onmessage = ({ data }) => resolve(String(data));
        events.onerror = () => resolve('failed');
      });
      events.close();
      const refusal = await fetch(`${address}/shared/nothing`);
      return {
        status: answer.status,
        location: answer.headers.get('location'),
        durability: answer.headers.get('daybook-durability'),
        event,
        refusal: (await refusal.json()) as { code: string },
      };
    }, daybook.address);
    const [entry] = await entries('shared');
    assert.deepEqual([seen.status, seen.location, seen.durability], [201, `/shared/${entry?.id}`, 'fsync']);
    assert.equal((JSON.parse(seen.event) as { id: string }).id, entry?.id);
    assert.equal(seen.refusal.code, 'ENTRY_UNKNOWN');
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

/** Every page in a real browser: readable at any width, in both colour schemes, without script, for everybody. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import type { Browser } from 'playwright-core';

import { type StartedDaybook, startDaybook } from '../support/start-daybook.ts';
import { assertAccessible } from './accessibility.ts';
import { launchBrowser, openPage, skip } from './browser.ts';

const BASE_PATH = '/dev';
const WIDTHS = [360, 1280];
const HOSTILE = `</pre></code><script>fetch('//example.org')</script><img src=x onerror="x"> \u202eevil ${'w'.repeat(3000)}`;

/** What an entry looks like at its worst and at its plainest. */
const BODIES: readonly { body: string | Uint8Array<ArrayBuffer>; type?: string }[] = [
  { body: '' },
  { body: '{"note":"hello","nested":{"numbers":[1,2,12345678901234567890]}}', type: 'application/json' },
  { body: HOSTILE, type: 'text/plain' },
  { body: JSON.stringify({ [HOSTILE]: HOSTILE }), type: 'application/json' },
  { body: '['.repeat(5000) + ']'.repeat(5000), type: 'application/json' },
  { body: Uint8Array.from({ length: 4000 }, (_, index) => index % 256), type: 'image/png' },
  { body: 'מה שהיה הוא שיהיה 😀 \u0000 \u001b[31m', type: 'text/plain; charset=utf-8' },
];

const OPEN_DETAILS = "for (const one of document.querySelectorAll('details')) one.open = true";
/** Two of the pages are refusals, and the browser mentions it. */
const REFUSED = /status of 40[04]/;

describe('every page', { skip }, () => {
  let browser: Browser;
  let daybook: StartedDaybook;
  /** Without the base path. */
  let origin: string;
  let paths: string[];

  before(async () => {
    daybook = await startDaybook({ env: { DAYBOOK_BASE_PATH: BASE_PATH } });
    origin = new URL(daybook.address).origin;
    browser = await launchBrowser();
    paths = [BASE_PATH, '/app', '/epoch', '/docs', '/nowhere', '/app?limit=none', '/app?limit=2'];
    for (const { body, type } of BODIES) {
      const answer = await fetch(`${origin}${BASE_PATH}/app`, {
        method: 'POST',
        body,
        headers: type === undefined ? {} : { 'content-type': type },
      });
      assert.equal(answer.status, 201);
      const { id } = (await answer.json()) as { id: string };
      paths.push(`/app/${id}`);
    }
    paths = paths.map((path) => (path === BASE_PATH ? path : BASE_PATH + path));
  });
  after(async () => {
    await browser?.close();
    await daybook?.stop();
  });

  for (const width of WIDTHS) {
    test(`nothing is wider than a window of ${width} pixels`, async () => {
      const { page, assertClean, close } = await openPage(browser, origin, {
        viewport: { width, height: 800 },
      });
      for (const path of paths) {
        await page.goto(path);
        await page.evaluate(OPEN_DETAILS);
        const [content, window] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        );
        assert.ok(content <= window, `${path}: ${content} pixels in ${window}`);
      }
      assertClean(REFUSED);
      await close();
    });
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing to object to, ${colorScheme}`, async () => {
      const { page, assertClean, close } = await openPage(browser, origin, { colorScheme });
      for (const path of paths) {
        await page.goto(path);
        await page.evaluate(OPEN_DETAILS);
        await assertAccessible(page);
      }
      assertClean(REFUSED);
      await close();
    });
  }

  test('without script every page says the same', async () => {
    const { page, assertClean, close } = await openPage(browser, origin, {
      javaScriptEnabled: false,
    });
    for (const path of paths) {
      await page.goto(path);
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, path);
    }
    await page.goto(`${BASE_PATH}/app?limit=2`);
    assert.equal(await page.locator('ol > li').count(), 2);
    await page.getByRole('link', { name: 'Older' }).click();
    await page.getByRole('link', { name: 'Newest' }).click();
    assert.equal(new URL(page.url()).pathname, `${BASE_PATH}/app`);
    await page.goto(`${BASE_PATH}/docs`);
    await page.locator('summary', { hasText: 'POST /app' }).click();
    await page.getByText('curl -X POST http://localhost:3000/dev/app', { exact: true }).waitFor();
    assertClean(REFUSED);
    await close();
  });

  // A browser sends empty fields of a form as empty parameters; there is no way to leave them out without script.
  test('a range is asked for with the form, also with one end left empty', async () => {
    const { page, assertClean, close } = await openPage(browser, origin, {
      javaScriptEnabled: false,
    });
    await page.goto(`${BASE_PATH}/app`);
    await page.getByLabel('From').fill('2000-01-01T00:00:00Z');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await page.locator('ol > li').count(), BODIES.length);
    assert.equal(await page.getByLabel('From').inputValue(), '2000-01-01T00:00:00Z');
    await page.getByLabel('From').fill('');
    await page.getByLabel('To').fill('2000-01-01');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('No entry has its stamp in this range.').waitFor();
    assertClean();
    await close();
  });

  test('the download has the exact bytes, and nothing of a payload runs', async () => {
    const { page, assertClean, close } = await openPage(browser, origin);
    const index = BODIES.findIndex(({ body }) => body === HOSTILE);
    await page.goto(paths[paths.length - BODIES.length + index] ?? '');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download the exact bytes' }).click(),
    ]);
    assert.equal(readFileSync(await download.path(), 'utf8'), HOSTILE);
    assertClean();
    await close();
  });

  test('every link of every page leads somewhere', async () => {
    const { page, close } = await openPage(browser, origin);
    const links = new Set<string>();
    for (const path of paths) {
      await page.goto(path);
      const found = await page.evaluate<string[]>(
        "[...document.links].filter(({ hash }) => hash === '').map(({ href }) => href)",
      );
      for (const href of found) links.add(href);
    }
    for (const href of links) {
      assert.ok(href.startsWith(`${origin}${BASE_PATH}`), href);
      const answer = await fetch(href, { headers: { accept: '*/*' } });
      await answer.body?.cancel();
      assert.ok(answer.ok, `${href}: ${answer.status}`);
    }
    await close();
  });
});

/** The welcome page in a real browser, against a real server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { Browser, Page } from 'playwright-core';

import { type StartedDaybook, startDaybook } from '../support/start-daybook.ts';
import { assertAccessible } from './accessibility.ts';
import { launchBrowser, openPage, skip } from './browser.ts';
import { startCutProxy } from './cut-proxy.ts';

const BUTTON = 'Put it on record';

const connection = (page: Page, text: string) => page.locator('#connection', { hasText: text });
const rows = (page: Page) => page.locator('#entries > li');
const row = (page: Page, text: string) => rows(page).filter({ hasText: text });

async function press(page: Page, note?: string): Promise<void> {
  if (note !== undefined) await page.getByLabel('Note').fill(note);
  await page.getByRole('button', { name: BUTTON }).click();
}

describe('the welcome page', { skip }, () => {
  let browser: Browser;
  let daybook: StartedDaybook;

  before(async () => {
    daybook = await startDaybook();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await daybook?.stop();
  });

  const post = async (body: string) => {
    const answer = await fetch(`${daybook.address}/app`, { method: 'POST', body });
    assert.equal(answer.status, 201);
  };
  const count = async (text: string) => {
    const answer = await fetch(`${daybook.address}/app?format=ndjson`);
    return (await answer.text()).split('\n').filter((line) => line.includes(text)).length;
  };

  test('the button puts a note on record, shows the receipt, and the entry appears live, here and in a second page', async () => {
    const first = await openPage(browser, daybook.address);
    const second = await openPage(browser, daybook.address);
    await Promise.all([first.page.goto('/'), second.page.goto('/')]);
    await Promise.all([connection(first.page, 'Live').waitFor(), connection(second.page, 'Live').waitFor()]);

    await press(first.page, 'seen twice');
    await first.page.getByText('On record.', { exact: true }).waitFor();
    await row(first.page, 'seen twice').waitFor();
    await row(second.page, 'seen twice').waitFor();

    const receipt = first.page.locator('.receipt');
    assert.match((await receipt.textContent()) ?? '', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/);
    assert.match((await receipt.textContent()) ?? '', /fsync|memory/);
    assert.equal(await first.page.getByLabel('Note').inputValue(), '');
    await assertAccessible(first.page);
    await receipt.getByRole('link').click();
    await first.page.getByRole('heading', { name: 'Payload' }).waitFor();
    assert.match((await first.page.locator('pre').textContent()) ?? '', /"note": "seen twice"/);
    for (const one of [first, second]) {
      one.assertClean();
      await one.close();
    }
  });

  test('without a note the moment alone is on record', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await connection(page, 'Live').waitFor();
    await press(page);
    const id = (await page.locator('.receipt a').textContent()) ?? '';
    await page.locator(`[data-id="${id}"]`, { hasText: 'the moment alone' }).waitFor();
    assertClean();
    await close();
  });

  test('the form is sent with the enter key, and the focus stays in the note', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await page.getByLabel('Note').pressSequentially('by keyboard');
    await page.keyboard.press('Enter');
    await row(page, 'by keyboard').waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'note');
    assertClean();
    await close();
  });

  test('the list never holds more than the newest 50, newest first', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await connection(page, 'Live').waitFor();
    const lines = Array.from({ length: 300 }, (_, index) => JSON.stringify({ burst: index })).join('\n');
    const answer = await fetch(`${daybook.address}/app`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
    });
    await answer.text();
    await row(page, '{"burst":299}').waitFor();
    const ids = await page.evaluate<string[]>(
      "[...document.querySelectorAll('#entries > li')].map((row) => row.dataset.id)",
    );
    assert.equal(ids.length, 50);
    assert.deepEqual(
      ids,
      [...new Set(ids)].toSorted((a, b) => (a < b ? 1 : -1)),
    );
    assertClean();
    await close();
  });

  test('a lost connection is told, and when it is back the entries that were missed are there, each once', async () => {
    const proxy = await startCutProxy(daybook.address);
    try {
      const { page, assertClean, close } = await openPage(browser, proxy.address);
      await page.goto('/');
      await connection(page, 'Live').waitFor();
      proxy.cut();
      await connection(page, 'Connection lost').waitFor();
      await assertAccessible(page);
      await post('missed while away');
      proxy.restore();
      await connection(page, 'Live again').waitFor();
      await row(page, 'missed while away').waitFor();
      await post('after that');
      await row(page, 'after that').waitFor();
      assert.equal(await row(page, 'missed while away').count(), 1);
      assertClean(/Failed to load resource: net::ERR/);
      await close();
    } finally {
      await proxy.close();
    }
  });

  test('going offline and online again is told as well', async () => {
    const { page, context, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await connection(page, 'Live').waitFor();
    await context.setOffline(true);
    await connection(page, 'Connection lost').waitFor();
    await post('while offline');
    await context.setOffline(false);
    await row(page, 'while offline').waitFor();
    await connection(page, 'Live again').waitFor();
    assertClean(/Failed to load resource: net::ERR/);
    await close();
  });

  test('paused, the list stands still; resumed, it catches up', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await connection(page, 'Live').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await connection(page, 'Paused').waitFor();
    await press(page, 'during the pause');
    await page.getByText('On record.', { exact: true }).waitFor();
    assert.equal(await row(page, 'during the pause').count(), 0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await row(page, 'during the pause').waitFor();
    assertClean();
    await close();
  });

  test('when the answer is lost the page says so, and pressing again does not record the note twice', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    await page.route('**/app', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await press(page, 'only once');
    await page.getByText('It may be on record.').waitFor();
    await page.unroute('**/app');
    await press(page);
    await page.getByText('It was on record already.').waitFor();
    assert.equal(await count('only once'), 1);
    assertClean(/Failed to load resource: net::ERR/);
    await close();
  });

  test('a refusal is shown in the words of its problem document', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address);
    await page.goto('/');
    const problem = {
      title: 'The disk is full',
      status: 503,
      code: 'DISK_FULL',
      detail: 'the store has no room left; reads go on',
      outcome: 'not-written',
    };
    await page.route('**/app', (route) =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            headers: { 'retry-after': '1' },
            json: problem,
          })
        : route.continue(),
    );
    await press(page, 'kept in the field');
    await page.getByText('the store has no room left; reads go on').waitFor();
    await page.getByText('Nothing was written. Try again in 1 s').waitFor();
    assert.equal(await page.getByLabel('Note').inputValue(), 'kept in the field');
    await assertAccessible(page);
    assertClean(/503/);
    await close();
  });

  test('too many requests are refused in words, and nothing is lost from the field', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'daybook-test-'));
    const config = join(directory, 'daybook.config.json');
    const app = { access: 'open', rateLimit: { refillPerSecond: 0.01, capacity: 2 } };
    await writeFile(config, JSON.stringify({ registers: { app } }));
    const limited = await startDaybook({ env: { DAYBOOK_CONFIG: config, DAYBOOK_RATE_LIMIT: 'on' } });
    try {
      const { page, assertClean, close } = await openPage(browser, limited.address);
      await page.goto('/');
      for (const note of ['one', 'two']) {
        await press(page, note);
        await row(page, note).waitFor();
      }
      await press(page, 'three');
      await page.getByText('Too many requests.').waitFor();
      await page.getByText('registers.app.rateLimit').waitFor();
      assert.equal(await page.getByLabel('Note').inputValue(), 'three');
      assertClean(/429/);
      await close();
    } finally {
      await limited.stop();
      await rm(directory, { recursive: true });
    }
  });

  test('the lines to copy name the address that the browser used', async () => {
    const { page, close } = await openPage(browser, daybook.address, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.goto('/');
    await page.getByRole('button', { name: 'Copy the command: Write' }).click();
    await page.getByText('Copied').waitFor();
    assert.equal(
      await page.evaluate('navigator.clipboard.readText()'),
      `curl -d '{"note":"hello"}' ${daybook.address}/app`,
    );
    await close();
  });

  test('without script the form posts, and the list is there', async () => {
    const { page, assertClean, close } = await openPage(browser, daybook.address, {
      javaScriptEnabled: false,
    });
    await page.goto('/');
    await page.getByLabel('Note').fill('no script');
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: BUTTON }).click(),
    ]);
    assert.equal(answer.status(), 201);
    await page.goto('/');
    await row(page, 'no script').waitFor();
    await row(page, 'no script').getByRole('link').click();
    assert.match((await page.locator('pre').textContent()) ?? '', /no script/);
    assertClean();
    await close();
  });
});

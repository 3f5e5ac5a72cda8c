/**
 * The browser of the journeys: an installed Chromium, driven over its own protocol. Every page is watched: an error on
 * the console (a violated Content-Security-Policy is one), an exception, or a request to another host fails the test.
 */
import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Nothing but what the pages ask for: no updates, no field trials. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = [process.env['CHROME_PATH'] ?? '', ...INSTALLED].find(isExecutable);

/** For `test(…, { skip })`: the reason, or false. */
export const skip =
  executablePath === undefined
    ? `no Chromium: expected CHROME_PATH or one of ${INSTALLED.join(', ')}`
    : false;

if (skip !== false) console.error(`\nSKIPPED, every journey in the browser: ${skip}\n`);

/** A page, and what it did that no page of ours may do. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** @param expected console errors that this test provokes. @throws {AssertionError} */
  assertClean(expected?: RegExp): void;
  close(): Promise<void>;
}

export async function launchBrowser(): Promise<Browser> {
  assert.ok(executablePath);
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** Opens an empty page in a context of its own. @param address the only server that it may talk to. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL: address, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(address).origin) faults.push(`request to ${request.url()}`);
  });
  return {
    page,
    context,
    assertClean(expected) {
      const unexpected = faults.filter((fault) => expected === undefined || !expected.test(fault));
      assert.deepEqual(unexpected, []);
    },
    close: () => context.close(),
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== '';
  } catch {
    return false;
  }
}

/** The rules of axe-core, run inside of a page as it is at that moment. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** @throws {AssertionError} naming each rule, element and remedy. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const violations = await page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))`,
  );
  assert.deepEqual(violations, [], page.url());
}

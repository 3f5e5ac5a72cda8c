/**
 * The examples of the documents, run in the order in which a reader meets them: each document against a fresh server,
 * with its outputs compared. Blocks marked ```console no-run are only for reading.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

import { runExamples } from './docs/console-run.ts';
import { consoleExamples, ROOT } from './docs/document.ts';
import { startDaybook } from './support/start-daybook.ts';

const WEBHOOKS = fileURLToPath(new URL('../../../examples/webhooks.config.ts', import.meta.url));

/** What a document asks its reader to start Daybook with. */
const SETTINGS: Readonly<Record<string, Record<string, string>>> = {
  'examples/README.md': { DAYBOOK_CONFIG: WEBHOOKS },
};

const documents = [
  'README.md',
  'examples/README.md',
  ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith('.md') && existsSync(ROOT + path))
  .map((path) => ({ path, examples: consoleExamples(path) }))
  .filter(({ examples }) => examples.length > 0);

for (const { path, examples } of documents) {
  test(`the examples of ${path} give what it shows`, async () => {
    const server = await startDaybook({ env: { DAYBOOK_RATE_LIMIT: 'on', ...SETTINGS[path] } });
    try {
      await runExamples(examples, server);
    } finally {
      await server.stop();
    }
  });
}

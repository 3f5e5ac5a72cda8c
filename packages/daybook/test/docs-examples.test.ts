/**
 * The examples of the documents, run in the order in which a reader meets them: each document against a fresh server,
 * with its outputs compared. Blocks marked ```console no-run are only for reading.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { developmentIssuerSettings, openDevelopmentIssuer } from '../src/access/jwt/development-issuer.ts';
import { runExamples } from './docs/console-run.ts';
import { consoleExamples, readDocument, ROOT } from './docs/document.ts';
import { startDaybook } from './support/start-daybook.ts';

const WEBHOOKS = fileURLToPath(new URL('../../../examples/webhooks.config.ts', import.meta.url));

/** What a document asks its reader to start Daybook with. */
const SETTINGS: Readonly<Record<string, Record<string, string>>> = {
  'examples/README.md': { DAYBOOK_CONFIG: WEBHOOKS },
};
/** Documents whose reader has begun with `daybook token --init`, and goes on with the configuration that they show. */
const WITH_TOKENS: ReadonlySet<string> = new Set(['README.md', 'docs/access.md']);

const documents = [
  'README.md',
  'examples/README.md',
  ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith('.md') && existsSync(ROOT + path))
  .map((path) => ({ path, examples: consoleExamples(path) }))
  .filter(({ examples }) => examples.length > 0);

/** @returns the path of a configuration that believes the development issuer of the data directory. */
async function believeTokens(path: string, dataDir: string): Promise<string> {
  await openDevelopmentIssuer(dataDir);
  const [, shown = '{}'] = /^```json\n(\{\n  "registers"[\s\S]*?)^```$/m.exec(readDocument(path)) ?? [];
  const issuers = { development: developmentIssuerSettings(dataDir) };
  const file = join(dataDir, 'daybook.config.json');
  await writeFile(file, JSON.stringify({ ...(JSON.parse(shown) as object), issuers }));
  return file;
}

for (const { path, examples } of documents) {
  test(`the examples of ${path} give what it shows`, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'daybook-examples-'));
    try {
      const config = WITH_TOKENS.has(path) && { DAYBOOK_CONFIG: await believeTokens(path, dataDir) };
      const env = { DAYBOOK_RATE_LIMIT: 'on', ...SETTINGS[path], ...config };
      const server = await startDaybook({ dataDir, env });
      try {
        await runExamples(examples, server);
      } finally {
        await server.stop();
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
}

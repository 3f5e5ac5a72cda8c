/**
 * Holds `src` to the import law and the house rules of `architecture/law.ts`, and each rule to a snippet that breaks
 * it: a rule that catches nothing would be worth nothing.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { RULES, findViolations } from './architecture/law.ts';
import { readSourceModule } from './architecture/source-module.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const HEADER = '/** Says in a few words what this module does. */\n';
const LAYERS = 'a room imports only the rooms below it';
const TIME = 'only clock.ts, id.ts and retry.ts ask for the time or for chance';
const ENVIRONMENT = 'only config/ reads the environment';

/** The rules that a source tree breaks, once each. */
function rulesBrokenBy(files: Readonly<Record<string, string>>, header = HEADER): string[] {
  const modules = Object.entries(files).map(([path, body]) => readSourceModule(path, `${header}${body}\n`));
  return [...new Set(findViolations(modules).map(({ rule }) => rule))];
}

const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .toSorted()
  .map((path) => readSourceModule(path, readFileSync(join(SRC, path), 'utf8')));

test('the source folder is read', () => {
  assert.ok(modules.some(({ path }) => path === 'entry.ts'));
  assert.ok(modules.some(({ imports }) => imports.length > 0));
});

for (const [rule, check] of Object.entries(RULES)) {
  test(`src: ${rule}`, () => {
    const found = check(modules).map(({ path, detail }) => `src/${path}: ${detail}`);
    assert.deepEqual(found, []);
  });
}

const BROKEN: readonly (readonly [rule: string, files: Readonly<Record<string, string>>])[] = [
  ['every module belongs to a room of the law', { 'attic/box.ts': '' }],
  [LAYERS, { 'entry.ts': `import type { Store } from './store/store.ts';` }],
  [LAYERS, { 'store/store.ts': `import { page } from '../contract/page.ts';` }],
  [LAYERS, { 'store/store.ts': `import type { Queue } from '../queue/queue.ts';` }],
  [LAYERS, { 'store/sqlite/reader.ts': `import { app } from '../../http/app.ts';` }],
  [LAYERS, { 'store/sqlite/reader.ts': `import {\n  a,\n  type B,\n} from '../postgres/reader.ts';` }],
  [LAYERS, { 'store/sqlite/reader.ts': `import type { Queue } from '../../queue/queue.ts';` }],
  [LAYERS, { 'store/sqlite/reader.ts': `export * from '../../intake/intake.ts';` }],
  [LAYERS, { 'sqlite/thread.ts': `import { StoreError } from '../store/store.ts';` }],
  [LAYERS, { 'tail/follow.ts': `import { makeDirectory } from '../file-system/make-directory.ts';` }],
  [LAYERS, { 'intake/intake.ts': `import type { S } from '../store/sqlite/sqlite-store.ts';` }],
  [LAYERS, { 'tail/follow.ts': `const load = () => import('../store/sqlite/sqlite-store.ts');` }],
  [LAYERS, { 'tail/follow.ts': `type T = import('../http/app.ts').App;` }],
  [LAYERS, { 'http/app.ts': `new Worker(new URL('../store/sqlite/writer.thread.ts', import.meta.url));` }],
  [LAYERS, { 'http/app.ts': `import '../daybook.ts';` }],
  [LAYERS, { 'main.ts': `import { createSqliteStore } from './store/sqlite/sqlite-store.ts';` }],
  ['src imports itself by path and nothing beside it', { 'http/app.ts': `import '../../test/x.ts';` }],
  [
    'src imports itself by path and nothing beside it',
    { 'http/app.ts': `import { a } from 'daybook/client';` },
  ],
  ['the domain does no I/O', { 'entry.ts': `import { readFile } from 'node:fs/promises';` }],
  ['contract/ and client/ run without Node', { 'contract/page.ts': `import type { A } from 'node:util';` }],
  [
    'contract/ and client/ run without Node',
    {
      'contract/page.ts': `import { a } from '../entry.ts';`,
      'entry.ts': `import { isUtf8 } from 'node:buffer';`,
    },
  ],
  [
    'client/ has no dependencies',
    {
      'client/client.ts': `import { a } from '../contract/a.ts';`,
      'contract/a.ts': `import { z } from 'zod';`,
    },
  ],
  [
    'no import cycles',
    { 'tail/a.ts': `import { b } from './b.ts';`, 'tail/b.ts': `import type { A } from './a.ts';` },
  ],
  ['node:process is not imported', { 'http/app.ts': `import { env } from 'node:process';` }],
  [ENVIRONMENT, { 'http/app.ts': 'const home = process.env.HOME;' }],
  [ENVIRONMENT, { 'cli/serve.ts': 'const { env } = process;' }],
  [TIME, { 'intake/intake.ts': 'const now = Date.now();' }],
  [TIME, { 'http/app.ts': 'const text = `at ${new Date().toISOString()}`;' }],
  [TIME, { 'http/app.ts': `import { randomUUID as id } from 'node:crypto';` }],
  [TIME, { 'tail/follow.ts': 'const delayMs = Math.random() * 100;' }],
  [TIME, { 'store/sqlite/writer.ts': 'const start = performance.now();' }],
  ['only main.ts and cli/ end the process', { 'daybook.ts': 'process.exit(1);' }],
  ['no file is longer than 400 lines', { 'entry.ts': '\n'.repeat(400) }],
  ['the median file has at most 100 lines', { 'entry.ts': '\n'.repeat(100), 'id.ts': '\n'.repeat(100) }],
  ['a file is named after what it exports', { 'http/utils.ts': '' }],
  ['a file is named after what it exports', { 'http/rateLimit.ts': '' }],
];

for (const [index, [rule, files]] of BROKEN.entries()) {
  test(`snippet ${index + 1} is caught: ${rule}`, () => {
    assert.ok(rulesBrokenBy(files).includes(rule), `caught only: ${rulesBrokenBy(files).join(', ')}`);
  });
}

test('a module without an opening comment, or with a directive in its place, is caught', () => {
  const rule = 'a module opens with a comment that says its job';
  assert.deepEqual(rulesBrokenBy({ 'entry.ts': '' }, 'export {};'), [rule]);
  assert.deepEqual(rulesBrokenBy({ 'entry.ts': '' }, '/* oxlint-disable a b c d e f */\n'), [rule]);
});

test('every rule is broken by some snippet', () => {
  const broken = new Set([
    'a module opens with a comment that says its job',
    ...BROKEN.map(([rule]) => rule),
  ]);
  assert.deepEqual(Object.keys(RULES).toSorted(), [...broken].toSorted());
});

test('lawful code breaks no rule, whatever its comments and strings say', () => {
  const broken = rulesBrokenBy({
    'clock.ts': 'export const now = () => Date.now() + performance.now();',
    'entry.ts': `import type { Clock } from './clock.ts'; // not from './http/app.ts'`,
    'contract/page.ts': `import { z } from 'zod';\nexport const at = (text: string) => new Date(text);`,
    'store/store.ts': `import type { Entry } from '../entry.ts';`,
    'store/sqlite/reader.ts': [
      `import { DatabaseSync } from 'node:sqlite';`,
      `import type { Store } from '../store.ts';`,
      `import { rows } from './rows.ts';`,
    ].join('\n'),
    'intake/intake.ts': `import type { Store } from '../store/store.ts'; /* Date.now() */`,
    'http/app.ts': [
      `import type { Intake } from '../intake/intake.ts';`,
      'const quote = /[\'"`]/; // `',
      `const help = 'process.env, Math.random() and //';`,
      'const page = `<script>setInterval(() => Date.now() ${quote.source} + "process.exit(1)")</script>`;',
    ].join('\n'),
    'daybook.ts': `import { createReader } from './store/sqlite/reader.ts';`,
    'cli/serve.ts': `import { start } from '../daybook.ts';\nprocess.exit(0);`,
  });
  assert.deepEqual(broken, []);
});

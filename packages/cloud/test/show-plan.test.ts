/**
 * A plan is shown where those who decide look, and can be nothing but text there; a pipeline's token is put where the clients
 * of AWS look, and nobody else may read it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { comment, pullOf, toMarkdown } from '../src/delivery/show-plan.ts';

const directory = mkdtempSync(join(tmpdir(), 'daybook-plan-'));
after(() => rmSync(directory, { recursive: true, force: true }));

async function run(script: string, args: readonly string[], env: Record<string, string>) {
  const file = fileURLToPath(new URL(`../src/delivery/${script}.ts`, import.meta.url));
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--conditions=daybook-source', file, ...args], {
    env: { PATH, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** GitHub's comments of one issue: those that are given, a page at a time. */
async function withGitHub(
  comments: readonly unknown[],
  work: (api: string, asked: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { method, url = '', headers } = request;
    let body = '';
    request
      .setEncoding('utf8')
      .on('data', (chunk: string) => (body += chunk))
      .once('end', () => {
        asked.push({ line: `${method} ${url}`, authorization: headers.authorization, body });
        const page = Number(new URL(url, 'http://x').searchParams.get('page') ?? 1);
        const answer = method === 'GET' ? comments.slice((page - 1) * 100, page * 100) : {};
        response.writeHead(url.includes('/acme/') ? 200 : 403).end(JSON.stringify(answer));
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}

const MINE = { id: 7, user: { type: 'Bot' }, body: toMarkdown([{ name: 'a', text: 'old' }]) };
const FORGED = { id: 8, user: { type: 'User' }, body: MINE.body };
const OTHER = { id: 9, user: { type: 'Bot' }, body: 'built' };

describe('a plan as Markdown', () => {
  test('is text in a block that nothing in it can end, without colours', () => {
    const text = toMarkdown([
      { name: 'plan-dev', text: '\u001B[32m+\u001B[0m ```\n@everyone <img src=x>\n````' },
    ]);
    assert.match(
      text,
      /<summary>plan-dev<\/summary>\n\n`````text\n\+ ```\n@everyone <img src=x>\n````\n`````\n/,
    );
  });

  test('fits into a comment however long it is, and says what it left out', () => {
    const plans = ['a', 'b'].map((name) => ({ name, text: 'x'.repeat(70_000) }));
    const text = toMarkdown(plans);
    assert.ok(text.length < 65_536);
    assert.match(text, /… \d+ characters more in the log/);
  });
});

const pull = (api: string) => ({ api, repository: 'acme/daybook', number: 12, token: 't0ken' });

describe('the comment', () => {
  test('is made once', async () => {
    await withGitHub([OTHER, FORGED], async (api, asked) => {
      await comment(pull(api), 'plan');
      assert.deepEqual(asked.at(-1), {
        line: 'POST /repos/acme/daybook/issues/12/comments',
        authorization: 'Bearer t0ken',
        body: '{"body":"plan"}',
      });
    });
  });

  test('and written anew by every run after it, wherever it stands', async () => {
    const many = Array.from({ length: 130 }, () => OTHER);
    await withGitHub([...many, MINE], async (api, asked) => {
      await comment(pull(api), 'plan');
      assert.equal(asked.at(-1)?.line, 'PATCH /repos/acme/daybook/issues/comments/7');
      assert.equal(asked.length, 3);
    });
  });

  test('that GitHub refuses is a failure', async () => {
    await withGitHub([], async (api) => {
      await assert.rejects(comment({ ...pull(api), repository: 'other/one' }, 'plan'), /GitHub: GET .*: 403/);
    });
  });

  test('is of a pull request only, and needs a token', () => {
    const run = {
      GITHUB_API_URL: 'https://api.github.com',
      GITHUB_REPOSITORY: 'acme/daybook',
      GITHUB_TOKEN: 't',
    };
    assert.equal(pullOf({ ...run, GITHUB_REF: 'refs/pull/12/merge' })?.number, 12);
    assert.equal(pullOf({ ...run, GITHUB_REF: 'refs/heads/main' }), undefined);
    assert.equal(pullOf({ ...run, GITHUB_REF: 'refs/pull/12/merge', GITHUB_TOKEN: '' }), undefined);
    assert.equal(pullOf({}), undefined);
  });
});

test('it goes into the summary of a run, and elsewhere to standard output', async () => {
  const file = join(directory, 'plan-prd.txt');
  const summary = join(directory, 'summary.md');
  writeFileSync(file, '1 to add\n');
  writeFileSync(summary, 'before\n');
  const inRun = await run('show-plan', [file], { GITHUB_STEP_SUMMARY: summary });
  assert.deepEqual([inRun.code, inRun.output], [0, '']);
  assert.match(
    readFileSync(summary, 'utf8'),
    /^before\n<!--[\s\S]*<summary>plan-prd<\/summary>[\s\S]*1 to add/,
  );
  const elsewhere = await run('show-plan', [file], {});
  assert.match(elsewhere.output, /1 to add/);
  const none = await run('show-plan', [], {});
  assert.deepEqual([none.code, none.output], [2, 'show plan: expected the files of plans, given none\n']);
});

test("a pipeline's token is put where the clients of AWS look, readable by its user alone", async () => {
  const file = join(directory, 'token');
  writeFileSync(file, 'of the run before', { mode: 0o644 });
  const env = { WEB_IDENTITY_TOKEN: 'eyJ.x.y', AWS_WEB_IDENTITY_TOKEN_FILE: file };
  const { code, output } = await run('web-identity', [], env);
  assert.deepEqual([code, output], [0, '']);
  assert.equal(readFileSync(file, 'utf8'), 'eyJ.x.y');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const without = await run('web-identity', [], { AWS_WEB_IDENTITY_TOKEN_FILE: file });
  assert.equal(without.code, 2);
});

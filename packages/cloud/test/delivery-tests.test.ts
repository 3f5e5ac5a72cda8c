/**
 * The tests that a pipeline runs against what it deployed, against a real server: they pass where everything is well, and
 * say what is wrong where it is not.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startDaybook } from '../../daybook/test/support/start-daybook.ts';
import { integrationTest } from '../src/delivery/integration-test.ts';
import { loadTest } from '../src/delivery/load-test.ts';
import { parseTarget } from '../src/delivery/target.ts';

const direct = await startDaybook({ env: { DAYBOOK_RATE_LIMIT: 'off' } });
const directory = mkdtempSync(join(tmpdir(), 'daybook-delivery-'));
after(async () => {
  await direct.stop();
  rmSync(directory, { recursive: true, force: true });
});

const onApp = (url: string) => ({ url, register: 'app' });

/** A front of lines: whatever a request is, it is answered so. */
async function withFront(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => answer(request, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
}

async function run(script: string, args: readonly string[]) {
  const file = fileURLToPath(new URL(`../src/delivery/${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=daybook-source', file, ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('the integration test', () => {
  test('passes on a server that stores directly', async () => {
    const results = await integrationTest(onApp(direct.address));
    assert.deepEqual(
      results.filter(({ wrong }) => wrong !== undefined),
      [],
    );
    assert.equal(results.length, 7);
  });

  test('passes on a server with a queue, by waiting until the entry was stored', async () => {
    const queued = await startDaybook({ env: { DAYBOOK_QUEUE: 'sqlite:' } });
    try {
      const results = await integrationTest(onApp(queued.address));
      assert.deepEqual(
        results.filter(({ wrong }) => wrong !== undefined),
        [],
      );
    } finally {
      await queued.stop();
    }
  });

  test('follows an entry for as long as it is queued, and gives up after the limit', async () => {
    let reads = 0;
    await withFront(
      ({ method, url }, response) => {
        if (method === 'POST') return response.writeHead(202, { location: '/app/1' }).end('{}');
        if (url === '/app/1') reads += 1;
        return response.writeHead(202).end('{}');
      },
      async (url) => {
        const [posted, read] = await integrationTest({ ...onApp(url), limitMs: 600 });
        assert.equal(posted?.wrong, undefined);
        assert.match(read?.wrong ?? '', /expected it stored within 600 ms, it is still queued/);
        assert.ok(reads >= 2);
      },
    );
  });

  test('names each check that fails', async () => {
    await withFront(
      (_request, response) => response.writeHead(502).end('bad gateway'),
      async (url) => {
        const results = await integrationTest(onApp(url));
        assert.ok(results.every(({ wrong }) => wrong !== undefined));
        assert.match(results[0]?.wrong ?? '', /expected 201 or 202, given 502 bad gateway/);
      },
    );
  });

  test('is a command with an exit code, for a URL or for the outputs of a deployment', async () => {
    const file = join(directory, 'outputs.json');
    writeFileSync(
      file,
      JSON.stringify([{ stack: 'a', region: 'eu-west-1', outputs: { Url: `${direct.address}/` } }]),
    );
    const passed = await run('integration-test', [file]);
    assert.equal(passed.code, 0, passed.output);
    assert.equal(passed.output.match(/^PASS/gm)?.length, 7);
    const failed = await run('integration-test', ['http://127.0.0.1:1']);
    assert.equal(failed.code, 1);
    assert.match(failed.output, /^FAIL {2}a post is acknowledged/m);
    const misused = await run('integration-test', []);
    assert.deepEqual([misused.code, misused.output.split(',')[0]], [2, 'integration test: expected one URL']);
  });
});

describe('the load test', () => {
  test('posts twice for each read, counts no error, and tells how long answers took', async () => {
    const result = await loadTest({ ...onApp(direct.address), seconds: 1, users: 5, pauseMs: 5 });
    assert.deepEqual(result.errors, []);
    assert.equal(result.errorCount, 0);
    const { posts, reads } = result;
    assert.ok(posts.p50Ms > 0 && posts.p50Ms <= posts.maxMs);
    const ratio = posts.samples / reads.samples;
    assert.ok(ratio >= 1 && ratio <= 4, `${posts.samples} posts, ${reads.samples} reads`);
  });

  test('fails for a single error among many answers, and says which', async () => {
    let requests = 0;
    await withFront(
      (_request, response) => {
        requests += 1;
        response.writeHead(requests === 7 ? 503 : 200).end(requests === 7 ? 'overloaded' : '{}');
      },
      async (url) => {
        const { code, output } = await run('load-test', [
          url,
          '--seconds',
          '1',
          '--users',
          '3',
          '--pause-ms',
          '10',
        ]);
        assert.equal(code, 1, output);
        assert.match(output, /^FAIL .*3 users for 1 s, 1 errors\n {6}(?:POST|GET): 503 overloaded$/m);
        assert.match(output, /POST {2}\d+ answers {2}p50 \d+ ms {2}p99 \d+ ms/);
      },
    );
  });

  test('a server that is not there is an error, too', async () => {
    const { code, output } = await run('load-test', [
      'http://127.0.0.1:1',
      '--seconds',
      '0.3',
      '--pause-ms',
      '20',
    ]);
    assert.equal(code, 1);
    assert.match(output, /ECONNREFUSED|bad port/);
  });
});

test('a target is one URL or one file, and flags are numbers', () => {
  const { urls, register, numbers } = parseTarget(['https://a.example.com/dev/', '--users', '3'], {
    users: 1,
    seconds: 20,
  });
  assert.deepEqual(
    { urls, register, numbers },
    { urls: ['https://a.example.com/dev'], register: 'app', numbers: { users: 3, seconds: 20 } },
  );
  assert.throws(() => parseTarget([], {}), /expected one URL/);
  assert.throws(
    () => parseTarget(['https://a.example.com', '--users', 'x'], { users: 1 }),
    /--users: expected a number/,
  );
  assert.throws(() => parseTarget(['https://a.example.com', '--what', '1'], {}), /--what/);
  assert.throws(() => parseTarget([join(directory, 'none.json')], {}), /none\.json: ENOENT/);
});

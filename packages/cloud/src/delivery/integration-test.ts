/**
 * What a caller relies on, asked of a deployment: an entry that is posted can be read, a repeat is recognised, wrong input is
 * refused in words. It waits for what it needs and for nothing else: with a queue, until the entry was stored.
 *
 *   npm run test:integration -- https://daybook.example.com
 *
 * What is posted stays on record.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { EXIT_FAILURE, EXIT_OK, exitCodeOf, toOneLine } from '../failure.ts';
import { parseTarget } from './target.ts';

export interface IntegrationOptions {
  /** Without a trailing slash. */
  readonly url: string;
  /** Takes any JSON and can be read with the same credential. */
  readonly register: string;
  readonly apiKey?: string | undefined;
  /** Until an entry that was queued can be read; default 60 000. */
  readonly limitMs?: number;
}

export interface CheckResult {
  readonly check: string;
  /** Undefined when nothing was found wrong. */
  readonly wrong?: string;
}

/** RFC 7240: the server may hold the answer until the entry is stored; a gateway gives up after 29 s. */
const PREFER_WAIT_SECONDS = 10;
const REQUEST_MS = 30_000;
/** Where an answer does not say when to ask again. */
const ASK_AGAIN_MS = 500;
/** RFC 9110 §10.2.3: seconds. */
const MS_PER_SECOND = 1_000;

/** Every check is tried; one that needs what an earlier one found fails with it. */
export async function integrationTest(options: IntegrationOptions): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [check, work] of checksOf(options)) {
    try {
      await work();
      results.push({ check });
    } catch (thrown) {
      results.push({ check, wrong: toOneLine(thrown) });
    }
  }
  return results;
}

function checksOf({ url, register, apiKey, limitMs = 60_000 }: IntegrationOptions) {
  const key = `integration-test-${randomUUID()}`;
  const payload = { test: 'integration', unique: key };
  const path = `${url}/${register}`;
  let location: string | undefined;

  async function ask(target: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`);
    return fetch(target, { ...init, headers, redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS) });
  }
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    ask(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const placed = (): string => {
    assert.ok(location !== undefined, 'nothing was posted');
    return location;
  };

  return [
    [
      'a post is acknowledged, with the place of the entry',
      async () => {
        const answer = await post(payload, {
          'idempotency-key': key,
          prefer: `wait=${PREFER_WAIT_SECONDS}`,
        });
        const text = await answer.text();
        assert.ok([201, 202].includes(answer.status), `expected 201 or 202, given ${answer.status} ${text}`);
        const given = answer.headers.get('location');
        assert.ok(given !== null, 'expected a Location, given none');
        location = new URL(given, path).href;
      },
    ],
    [
      'the entry can be read, and is what was posted',
      async () => {
        const entry = await readable(() => ask(placed()), limitMs);
        assert.deepEqual(entry['payload'], payload);
      },
    ],
    [
      'the list has it',
      async () => {
        const answer = await ask(`${path}?limit=1000`);
        assert.equal(answer.status, 200);
        const { entries } = (await answer.json()) as {
          readonly entries: readonly { readonly payload: unknown }[];
        };
        const unique = entries.map((entry) => (entry.payload as { unique?: string } | undefined)?.unique);
        assert.ok(unique.includes(key), 'expected the entry among the newest thousand, found none');
      },
    ],
    [
      'a repeat is answered with the same entry',
      async () => {
        const answer = await post(payload, { 'idempotency-key': key });
        const receipt = (await answer.json()) as { readonly id?: string; readonly duplicate?: boolean };
        assert.equal(answer.headers.get('idempotency-replayed'), 'true', `given ${answer.status}`);
        assert.equal(receipt.duplicate, true);
        assert.ok(placed().endsWith(`/${receipt.id}`), `expected ${placed()}, given ${receipt.id}`);
      },
    ],
    [
      'another payload under the same key is refused',
      () => refused(() => post({ other: 1 }, { 'idempotency-key': key }), 422),
    ],
    ['JSON that does not parse is refused', () => refused(() => post('{"not": json'), 400)],
    ['an unknown parameter is refused', () => refused(() => ask(`${path}?nonsense=1`), 400)],
  ] satisfies [string, () => Promise<void>][];
}

async function readable(read: () => Promise<Response>, limitMs: number): Promise<Record<string, unknown>> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await read();
    if (answer.status === 200) return (await answer.json()) as Record<string, unknown>;
    const text = await answer.text();
    assert.equal(
      answer.status,
      202,
      `expected 200, or 202 while it is queued, given ${answer.status} ${text}`,
    );
    assert.ok(performance.now() < endMs, `expected it stored within ${limitMs} ms, it is still queued`);
    await sleep(Number(answer.headers.get('retry-after') ?? 0) * MS_PER_SECOND || ASK_AGAIN_MS);
  }
}

/** In the words of RFC 9457, with a code of ours. */
async function refused(send: () => Promise<Response>, status: number): Promise<void> {
  const answer = await send();
  const text = await answer.text();
  assert.equal(answer.status, status, `expected ${status}, given ${answer.status} ${text}`);
  const { code, requestId } = JSON.parse(text) as { readonly code?: string; readonly requestId?: string };
  assert.ok(code !== undefined && requestId !== undefined, `expected a problem with its code, given ${text}`);
}

async function main(argv: readonly string[], apiKey: string | undefined): Promise<number> {
  const { urls, register } = parseTarget(argv, {});
  let failed = 0;
  for (const url of urls) {
    for (const { check, wrong } of await integrationTest({ url, register, apiKey })) {
      if (wrong !== undefined) failed += 1;
      process.stdout.write(
        `${wrong === undefined ? 'PASS' : 'FAIL'}  ${check}  ${url}${wrong === undefined ? '' : `: ${wrong}`}\n`,
      );
    }
  }
  return failed === 0 ? EXIT_OK : EXIT_FAILURE;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2), process.env['DAYBOOK_API_KEY']);
  } catch (thrown) {
    process.stderr.write(`integration test: ${toOneLine(thrown)}\n`);
    process.exitCode = exitCodeOf(thrown);
  }
}

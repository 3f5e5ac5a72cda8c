/** The probe against a real Daybook, and against fronts that go wrong in the ways fronts do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import type { Finding, ProbeOptions } from '../../src/lambda/probe.ts';
import { probe, tell } from '../../src/lambda/probe.ts';
import { startService } from '../http/service.ts';

const service = await startService({
  registers: { probe: { access: 'open', retentionDays: 7, clientIp: 'off' } },
});
const url = service.address;

/** Changes the answers to some requests. */
function through(
  change: (
    request: { method: string; path: string; count: number },
    answer: Response,
  ) => Response | Promise<Response>,
): typeof fetch {
  const counts = new Map<string, number>();
  return async (input, init) => {
    const method = init?.method ?? 'GET';
    const path = new URL(input instanceof Request ? input.url : input).pathname;
    const count = (counts.get(method) ?? 0) + 1;
    counts.set(method, count);
    return change({ method, path, count }, await fetch(input, init));
  };
}

/** Until it is given up on. */
const silent: typeof fetch = (_input, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
  });

const run = (options: Partial<ProbeOptions> = {}): Promise<Finding> =>
  probe({ url, everyMs: 1, timeoutMs: 5_000, ...options });

/** The problem document of a failure, so that the client believes it. */
function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const document = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail: `it is ${code}`,
    retryable: status >= 500,
  };
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

async function changed(answer: Response, members: Readonly<Record<string, unknown>>): Promise<Response> {
  const body = JSON.stringify({ ...((await answer.json()) as object), ...members });
  return new Response(body, { status: answer.status, headers: { 'content-type': 'application/json' } });
}

const isPost = ({ method }: { method: string }) => method === 'POST';
const isEntry = ({ method, path }: { method: string; path: string }) =>
  method === 'GET' && /^\/probe\/[0-9a-f-]{36}$/.test(path);

test('an entry that is posted, stored and read back the same is a success, with both latencies', async () => {
  const before = (await service.list('/probe')).entries.length;
  const { acknowledgedMs, readableMs, failure } = await run();
  assert.equal(failure, undefined);
  assert.ok(acknowledgedMs !== undefined && readableMs !== undefined && readableMs >= acknowledgedMs);
  const { entries } = await service.list('/probe');
  assert.equal(entries.length, before + 1);
  assert.equal(entries[0]?.idempotencyKey?.startsWith('probe-'), true);
});

test('behind a queue it waits until the entry is stored', async () => {
  const receivedAt = '2026-11-21T07:55:43.368790Z';
  const pending = (path: string) =>
    Response.json({ id: path.slice(-36), register: 'probe', receivedAt, status: 'pending' }, { status: 202 });
  const fetchNow = through((request, answer) =>
    isEntry(request) && request.count < 4 ? pending(request.path) : answer,
  );
  assert.equal((await run({ fetch: fetchNow })).failure, undefined);
});

test('an acknowledgement that is lost is asked for again under the same key, and makes one entry', async () => {
  const before = (await service.list('/probe')).entries.length;
  const fetchNow = through((request, answer) => {
    if (!isPost(request) || request.count > 1) return answer;
    throw new TypeError('fetch failed');
  });
  assert.equal((await run({ fetch: fetchNow })).failure, undefined);
  assert.equal((await service.list('/probe')).entries.length, before + 1);
});

describe('a failure says what was expected and given', () => {
  const cases: readonly (readonly [string, Partial<ProbeOptions>, RegExp])[] = [
    ['nothing listens', { url: 'http://127.0.0.1:1', timeoutMs: 300 }, /^expected all of it within 300 ms$/],
    [
      'the register is not there',
      { fetch: through((request, answer) => (isPost(request) ? problem(404, 'NOT_FOUND') : answer)) },
      /^it is NOT_FOUND$/,
    ],
    [
      'another payload is read back',
      { fetch: through(({ path }, answer) => (path.endsWith('/payload') ? new Response('{}') : answer)) },
      /^payload: expected "\{\\"probe\\":.*", given "\{\}"$/,
    ],
    [
      'the entry was given up on',
      {
        fetch: through((request, answer) =>
          isEntry(request) ? changed(answer, { status: 'dead' }) : answer,
        ),
      },
      /^status: expected "stored", given "dead"$/,
    ],
    [
      'the stamp is not that of the id',
      {
        fetch: through((request, answer) =>
          isPost(request) ? changed(answer, { receivedAt: '2026-11-21T07:55:43.368790Z' }) : answer,
        ),
      },
      /^receivedAt: expected ".*", given "2026-11-21T07:55:43.368790Z"$/,
    ],
    [
      'the entry has another stamp than the acknowledgement',
      {
        fetch: through((request, answer) =>
          isEntry(request) ? changed(answer, { receivedAt: 'x' }) : answer,
        ),
      },
      /^receivedAt: expected ".*", given "x"$/,
    ],
    [
      'the clock of the server is wrong',
      { wallMs: () => Date.now() - 60_000 },
      /^receivedAt: expected a stamp within/,
    ],
    [
      'it cannot accept',
      {
        fetch: through(({ path }, answer) =>
          path === '/readyz' ? new Response('', { status: 503 }) : answer,
        ),
      },
      /^status of \/readyz: expected "200", given "503"$/,
    ],
  ];
  for (const [what, options, expected] of cases) {
    test(`when ${what}`, async () => {
      const { failure } = await run(options);
      assert.match(failure ?? 'none', expected);
    });
  }

  test('when it is never stored, or nobody answers, within its time', async () => {
    const pending = through((request, answer) =>
      isEntry(request) ? changed(answer, { status: 'pending' }) : answer,
    );
    const { acknowledgedMs, readableMs, failure } = await run({ fetch: pending, timeoutMs: 200 });
    assert.ok(acknowledgedMs !== undefined && readableMs === undefined);
    assert.equal(failure, 'expected all of it within 200 ms');
    assert.equal((await run({ fetch: silent, timeoutMs: 100 })).failure, 'expected all of it within 100 ms');
  });
});

function told(finding: Finding): unknown[] {
  const lines: unknown[] = [];
  const note = (line: unknown): void => void lines.push(line);
  tell(finding, { info: note, error: note } as Parameters<typeof tell>[1], note);
  return lines;
}

test('a finding becomes metrics and one line; what was not reached has no latency', () => {
  assert.deepEqual(told({ acknowledgedMs: 12.345, readableMs: 700.01 }), [
    { ProbeFailures: 0, ProbeLatency: 12.3, ProbeReadableLatency: 700 },
    { event: 'probe-succeeded', ProbeLatency: 12.3, ProbeReadableLatency: 700 },
  ]);
  assert.deepEqual(told({ acknowledgedMs: 12, failure: 'expected all of it within 25000 ms' }), [
    { ProbeFailures: 1, ProbeLatency: 12 },
    { event: 'probe-failed', failure: 'expected all of it within 25000 ms', ProbeLatency: 12 },
  ]);
  assert.deepEqual(told({ failure: 'gone' }), [
    { ProbeFailures: 1 },
    { event: 'probe-failed', failure: 'gone' },
  ]);
});

const MODULE = new URL('../../src/lambda/probe.ts', import.meta.url).href;

/** As the function is started: in a process of its own, with nothing but its environment. */
function runHandler(env: Readonly<Record<string, string>>) {
  const script = `const { handler } = await import(${JSON.stringify(MODULE)}); await handler();`;
  const args = ['--conditions=daybook-source', '--input-type=module', '--eval', script];
  return promisify(execFile)(process.execPath, args, { cwd: tmpdir(), env });
}

test('the handler probes the address of its environment, writes the metrics, and says what it lacks', async () => {
  const env = { DAYBOOK_URL: url, DAYBOOK_LOG_LEVEL: 'info', DAYBOOK_METRICS_NAMESPACE: 'Daybook/test' };
  const { stdout } = await runHandler(env);
  const [metrics, line, ...more] = stdout.trim().split('\n');
  assert.deepEqual(more, []);
  assert.match(line ?? '', /"event":"probe-succeeded"/);
  const {
    Function: name,
    ProbeFailures: failures,
    _aws: aws,
  } = JSON.parse(metrics ?? '') as {
    Function: string;
    ProbeFailures: number;
    _aws: { CloudWatchMetrics: readonly { Namespace: string; Metrics: readonly { Name: string }[] }[] };
  };
  assert.deepEqual([name, failures], ['probe', 0]);
  assert.equal(aws.CloudWatchMetrics[0]?.Namespace, 'Daybook/test');
  assert.deepEqual(
    aws.CloudWatchMetrics[0].Metrics.map((metric) => metric.Name),
    ['ProbeFailures', 'ProbeLatency', 'ProbeReadableLatency'],
  );
  await assert.rejects(runHandler({}), /DAYBOOK_URL: expected the address of a Daybook, given nothing/);
});

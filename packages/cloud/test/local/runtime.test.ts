/** The runtime behaves as Lambda's does, where a handler could notice: with small handlers of its own. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Invoked, LocalFunction } from './runtime.ts';
import { createLocalFunction } from './runtime.ts';
import { startWarden } from './runtime/warden.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-runtime-'));
const warden = startWarden();
const made: LocalFunction[] = [];
after(async () => {
  await Promise.all(made.map(async (one) => await one.close()));
  await warden.close();
  await rm(directory, { recursive: true });
});

const HANDLERS = `
let calls = 0, ticks = 0;
setInterval(() => { ticks += 1; }, 1).unref();
export const seen = async (event, context) => {
  calls += 1;
  return { event, calls, ticks, left: context.getRemainingTimeInMillis(), id: context.awsRequestId,
    arn: context.invokedFunctionArn, variables: process.env };
};
export const fails = async ({ how }) => {
  if (how === 'throw') throw new RangeError('not today');
  if (how === 'exit') process.exit(7);
  if (how === 'reject') { void Promise.reject(new Error('nobody waits')); await new Promise((r) => setTimeout(r, 1e5)); }
  if (how === 'hang') await new Promise((r) => setTimeout(r, 1e5));
  return 'x'.repeat(6 * 1024 * 1024);
};
export const metric = async () => {
  console.log('a line');
  console.log(JSON.stringify({ _aws: { Timestamp: 1, CloudWatchMetrics: [{ Namespace: 'Daybook/test',
    Dimensions: [['Function']], Metrics: [{ Name: 'StoredEntries', Unit: 'Count' }] }] },
    Function: 'persister', StoredEntries: [2, 3] }));
};
`;
await writeFile(join(directory, 'index.mjs'), HANDLERS);
await writeFile(join(directory, 'broken.mjs'), `throw new Error('no start');`);

function make(handler: string, changes: { timeoutMs?: number; maxConcurrency?: number } = {}): LocalFunction {
  const one = createLocalFunction({
    functionName: 'a-function',
    functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:a-function',
    taskRoot: directory,
    handler,
    variables: { DAYBOOK_REGION: 'eu-west-1' },
    memoryMb: 256,
    timeoutMs: 10_000,
    region: 'eu-west-1',
    warden,
    maxConcurrency: 2,
    ...changes,
  });
  made.push(one);
  return one;
}

interface Seen {
  readonly event: unknown;
  readonly calls: number;
  readonly ticks: number;
  readonly left: number;
  readonly id: string;
  readonly arn: string;
  readonly variables: Readonly<Record<string, string>>;
}

function seenBy(told: Invoked): Seen {
  assert.equal(told.kind, 'response');
  return told.payload as Seen;
}

function errorOf(told: Invoked): { errorType: string; errorMessage: string } {
  assert.equal(told.kind, 'error');
  return told.error;
}

test('a handler is given its event, its context and the variables of its function and of Lambda', async () => {
  const seen = seenBy(await make('index.seen').invoke({ hello: 'wörld' }));
  assert.deepEqual(seen.event, { hello: 'wörld' });
  assert.ok(seen.left > 0 && seen.left <= 10_000);
  assert.match(seen.id, /^[0-9a-f-]{36}$/);
  assert.equal(seen.arn, 'arn:aws:lambda:eu-west-1:000000000000:function:a-function');
  assert.deepEqual(
    Object.keys(seen.variables).filter((name) => name.startsWith('DAYBOOK_')),
    ['DAYBOOK_REGION'],
  );
  for (const name of [
    'AWS_REGION',
    'AWS_LAMBDA_FUNCTION_NAME',
    'LAMBDA_TASK_ROOT',
    '_X_AMZN_TRACE_ID',
    '_HANDLER',
  ])
    assert.ok(seen.variables[name], name);
  assert.equal(seen.variables['HOME'], undefined);
});

test('an environment serves one invocation after the other and stands still in between', async () => {
  const one = make('index.seen');
  const first = seenBy(await one.invoke({}));
  await sleep(300);
  const second = seenBy(await one.invoke({}));
  assert.deepEqual([first.calls, second.calls], [1, 2]);
  assert.ok(
    second.ticks - first.ticks < 100,
    `${second.ticks - first.ticks} ticks went by while it was frozen`,
  );
  assert.equal(one.counts().starts, 1);
});

test('beyond its concurrency the caller is told so at once, and nothing is run', async () => {
  const one = make('index.fails', { timeoutMs: 500 });
  const told = await Promise.all([1, 2, 3].map(() => one.invoke({ how: 'hang' })));
  assert.deepEqual(told.map(({ kind }) => kind).toSorted(), ['error', 'error', 'throttled']);
  assert.deepEqual([one.counts().invocations, one.counts().throttles], [2, 1]);
});

test('what a handler throws is told with its name', async () => {
  assert.deepEqual(errorOf(await make('index.fails').invoke({ how: 'throw' })), {
    errorType: 'RangeError',
    errorMessage: 'not today',
  });
});

test('a process that ends, or a promise that nobody awaits, fails the invocation; the next has a new environment', async () => {
  const one = make('index.fails');
  assert.deepEqual(errorOf(await one.invoke({ how: 'exit' })), {
    errorType: 'Runtime.ExitError',
    errorMessage: 'Runtime exited with error: exit status 7',
  });
  assert.equal(errorOf(await one.invoke({ how: 'reject' })).errorMessage, 'nobody waits');
  assert.equal(errorOf(await one.invoke({ how: 'throw' })).errorType, 'RangeError');
  assert.equal(one.counts().starts, 3);
});

test('a function that takes longer than its time-out is killed', async () => {
  const one = make('index.fails', { timeoutMs: 200 });
  const { errorMessage } = errorOf(await one.invoke({ how: 'hang' }));
  assert.match(errorMessage, /^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.20 seconds$/);
  assert.deepEqual(one.environments(), []);
});

test('an environment that is killed while it works fails its invocation, and only that', async () => {
  const one = make('index.fails');
  const told = one.invoke({ how: 'hang' });
  while (!one.environments().some(({ state }) => state === 'busy')) await sleep(5);
  assert.equal(await one.kill('busy'), 1);
  assert.equal(errorOf(await told).errorMessage, 'Runtime exited with error: signal: SIGKILL');
});

test('a bundle that cannot be loaded fails every invocation', async () => {
  assert.match(errorOf(await make('broken.handler').invoke({})).errorMessage, /no start/);
  assert.match(errorOf(await make('index.missing').invoke({})).errorMessage, /undefined or not exported/);
});

test('payloads are bounded both ways', async () => {
  const one = make('index.fails');
  assert.deepEqual(await one.invoke('x'.repeat(6 * 1024 * 1024)), { kind: 'too-large' });
  assert.equal(errorOf(await one.invoke({ how: 'big' })).errorType, 'Function.ResponseSizeTooLarge');
});

test('what it writes is kept, and the metrics in it are read', async () => {
  const one = make('index.metric');
  await one.invoke({});
  await one.close();
  assert.ok(one.logs.lines().includes('a line'));
  assert.equal(one.logs.sum('StoredEntries'), 5);
  assert.deepEqual(one.logs.metrics(), [
    {
      namespace: 'Daybook/test',
      name: 'StoredEntries',
      unit: 'Count',
      dimensions: { Function: 'persister' },
      values: [2, 3],
    },
  ]);
});

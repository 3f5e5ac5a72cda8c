/**
 * The commands on a deployment of two regions: what they ask where, in which order, and what they tell.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import {
  appOf,
  COMMON_URL,
  configuration,
  REGIONS,
  ROUTING,
  TABLE,
  urlOf,
  writeRegionsAssembly,
} from './regions-assembly.ts';
import { runCloud } from './test-host.ts';
import type { TestRun, TestRunOptions } from './test-host.ts';

const [FIRST, SECOND] = REGIONS;

function run(argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> {
  return runCloud(argv, { configuration, writeAssembly: writeRegionsAssembly, ...options });
}

async function shown(argv: readonly string[], options?: TestRunOptions): Promise<ShownCall[]> {
  const result = await run([...argv, '--dry-run'], options);
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.deepEqual(result.calls, [], 'nothing was sent and nothing was run');
  return result.stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
}

const names = (calls: readonly ShownCall[]): string[] =>
  calls.map(({ service, operation, region }) =>
    [`${service}:${operation}`, ...(region === undefined ? [] : [region])].join(' '),
  );

/** Each region answers its readiness as it is told to. */
function answering(ready: Readonly<Record<string, number>>): typeof globalThis.fetch {
  return async (input) => {
    const { host, pathname } = new URL(input instanceof Request ? input.url : input);
    const status = ready[host.split('.')[0] ?? ''] ?? 200;
    if (pathname === '/readyz') return new Response('{}', { status });
    return Response.json({ status: status === 200 ? 'ok' : 'drained' });
  };
}

const OUTPUTS = [
  `cloudformation:DescribeStacks ${FIRST}`,
  `cloudformation:DescribeStacks ${SECOND}`,
  'cloudformation:DescribeStacks us-east-1',
];

describe('drain', () => {
  test('without a key looks whether another region is ready, and writes into the replica of the region', async () => {
    const calls = await shown(['drain', '--region', SECOND, '--reason', 'new version']);
    assert.deepEqual(names(calls), [
      `sts:GetCallerIdentity ${FIRST}`,
      ...OUTPUTS,
      'http:GET',
      `cloudformation:GetTemplate ${SECOND}`,
      `cloudformation:ListStackResources ${SECOND}`,
      `daybook:setDrained ${SECOND}`,
    ]);
    assert.deepEqual(calls.find(({ service }) => service === 'http')?.input, {
      url: `${urlOf(FIRST)}/readyz`,
    });
    const last = calls.at(-1);
    const { by, ...input } = (last?.input ?? {}) as Record<string, unknown>;
    assert.match(String(by), /^operator:/);
    assert.deepEqual(input, { table: TABLE, region: SECOND, drained: true, reason: 'new version' });
  });

  test('with a key goes through the region’s own host, and the key is no argument', async () => {
    const calls = await shown(['drain', '--region', SECOND, '--reason', 'disk'], { apiKey: 'dbk_secret' });
    assert.deepEqual(calls.at(-1), {
      service: 'daybook',
      operation: 'drain',
      input: { args: ['drain', '--reason', 'disk', '--url', urlOf(SECOND)] },
    });
    assert.doesNotMatch(JSON.stringify(calls), /dbk_secret/);
  });

  test('is refused while no other region is ready, because all would count as ready then', async () => {
    const fetch = answering({ [FIRST]: 503 });
    const refused = await run(['drain', '--region', SECOND], { fetch });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`found ${FIRST}: 503; --force drains ${SECOND} anyway`));
    const forced = await run(['drain', '--region', SECOND, '--force'], { fetch, apiKey: 'dbk_secret' });
    assert.equal(forced.code, 0, forced.stderr);
    assert.deepEqual(forced.programs[0]?.args, ['drain', '--url', urlOf(SECOND)]);
    assert.deepEqual(forced.programs[0].env, { DAYBOOK_API_KEY: 'dbk_secret' });
    assert.match(forced.stderr, /within about 20 s; .* another 20 s/);
  });

  test('says which regions there are when none is named, or another one', async () => {
    for (const argv of [['drain'], ['drain', '--region', 'eu-central-1'], ['undrain']]) {
      const { code, stderr } = await run(argv);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`--region: expected one of ${FIRST}, ${SECOND}; given `));
    }
  });
});

test('undrain asks nobody else', async () => {
  const calls = await shown(['undrain', '--region', FIRST]);
  assert.deepEqual(names(calls), [
    `sts:GetCallerIdentity ${FIRST}`,
    `cloudformation:GetTemplate ${FIRST}`,
    `cloudformation:ListStackResources ${FIRST}`,
    `daybook:setDrained ${FIRST}`,
  ]);
  const withKey = await shown(['undrain', '--region', FIRST, '--json'], { apiKey: 'dbk_secret' });
  assert.deepEqual(withKey.at(-1)?.input, { args: ['undrain', '--url', urlOf(FIRST), '--json'] });
});

test('status tells of each region its share and its readiness, and of the name of all', async () => {
  const { code, stdout } = await run(['status'], { fetch: answering({ [SECOND]: 503 }) });
  assert.equal(code, 1, 'a region that is not ready');
  assert.deepEqual(stdout.split('\n').slice(-3), [
    `${urlOf(FIRST)}  weight 50 of 100  /readyz 200  status ok`,
    `${urlOf(SECOND)}  weight 50 of 100  /readyz 503  status drained`,
    `${COMMON_URL}  /readyz 200  status ok`,
  ]);
  const well = await run(['status', '--json'], { fetch: answering({}) });
  assert.equal(well.code, 0);
  assert.deepEqual((JSON.parse(well.stdout) as { answers: unknown[] }).answers[0], {
    region: FIRST,
    weight: { weight: 50, of: 100 },
    url: urlOf(FIRST),
    ready: '200',
    status: 'ok',
  });
});

test('apply deploys every region and then the records, and tests each host and the name of all', async () => {
  const calls = await shown(['apply']);
  const deployed = calls.filter(({ operation }) => operation === 'deploy');
  assert.deepEqual(
    deployed.map(({ input }) => (input as { args: string[] }).args[3]),
    [...REGIONS.map(appOf), ROUTING],
  );
  const toolkits = calls.filter(
    ({ operation, input }) =>
      operation === 'DescribeStacks' && (input as { StackName: string }).StackName === 'CDKToolkit',
  );
  assert.deepEqual(
    toolkits.map(({ region }) => region),
    [...REGIONS, 'us-east-1'],
    'also where only the records are',
  );
  const posted = calls.filter(({ service, operation }) => service === 'http' && operation === 'POST');
  assert.deepEqual(
    posted.map(({ input }) => new URL((input as { url: string }).url).origin),
    [urlOf(FIRST), ...REGIONS.map(urlOf), COMMON_URL],
    'the first region before the second is begun, and all of them in the end',
  );
});

test('apply begins no region before the one before it has passed its test', async () => {
  const fetch = answering({ [FIRST]: 503, [SECOND]: 503 });
  const answers = { 'cloudformation:GetTemplate': () => ({ TemplateBody: '{"Resources":{}}' }) };
  const { code, stderr, programs } = await run(['apply', '--yes'], { fetch, answers });
  assert.equal(code, 1);
  const deployed = programs.filter(({ args }) => args[0] === 'deploy').map(({ args }) => args[3]);
  assert.deepEqual(deployed, [appOf(FIRST)]);
  assert.match(stderr, new RegExp(`${FIRST}: expected the smoke test to pass before the next region`));
});

test('destroy takes the records first, so that nobody is sent to what is going', async () => {
  const calls = await shown(['destroy']);
  const gone = calls
    .filter(({ service }) => service === 'cdk')
    .map(({ input }) => input as { args: string[] });
  assert.deepEqual(
    gone.map(({ args }) => args[3]),
    [ROUTING, appOf(SECOND), appOf(FIRST)],
  );
});

test('what works in one region has to be told which', async () => {
  for (const argv of [['backup'], ['admin-key'], ['dead-letters', 'list']]) {
    const { code, stderr } = await run(argv, { apiKey: 'dbk_secret' });
    assert.equal(code, 2, argv.join(' '));
    assert.match(stderr, /--region: expected one of/);
  }
  const named = (await shown(['admin-key', '--region', SECOND])).at(-1);
  assert.equal(named?.region, SECOND);
  assert.equal((named.input as { table: string }).table, TABLE);
});

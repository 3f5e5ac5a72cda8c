/**
 * `logs`, `status` and `outputs`: what is read of a deployment that runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { APP } from './small-assembly.ts';
import type { Answers } from './test-host.ts';
import { runCloud } from './test-host.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');

test('logs are one stream in the order of time, of all functions of Daybook and of no others', async () => {
  const answers: Answers = {
    'logs:FilterLogEvents': ({ logGroupName }) => {
      const isApi = logGroupName === '<ApiLogs>';
      const times = isApi ? [3, 1] : [2];
      return {
        events: times.map((at) => ({
          eventId: `${logGroupName}${at}`,
          timestamp: NOW + at,
          message: `line ${at}\u001b[2J\n`,
        })),
      };
    },
  };
  const { stdout, inputs } = await runCloud(['logs', '--since', '2h', '--filter', 'error'], { answers });
  assert.deepEqual(stdout.split('\n'), [
    '2026-11-21T08:00:00.001Z api  line 1\\u{1b}[2J',
    '2026-11-21T08:00:00.002Z persister  line 2\\u{1b}[2J',
    '2026-11-21T08:00:00.003Z api  line 3\\u{1b}[2J',
  ]);
  const asked = inputs.filter(({ name }) => name === 'logs:FilterLogEvents').map(({ input }) => input);
  assert.deepEqual(asked, [
    { logGroupName: '<ApiLogs>', startTime: NOW - 7_200_000, filterPattern: 'error' },
    { logGroupName: '/aws/lambda/<Persister>', startTime: NOW - 7_200_000, filterPattern: 'error' },
  ]);
});

test('every page of a log group is read, and one function alone when it is named', async () => {
  const { stdout } = await runCloud(['logs', '--function', 'persister', '--json'], {
    answers: {
      'logs:FilterLogEvents': ({ nextToken = '0' }) => ({
        events: [{ eventId: nextToken, timestamp: NOW + Number(nextToken), message: `page ${nextToken}` }],
        ...(nextToken < '2' && { nextToken: String(Number(nextToken) + 1) }),
      }),
    },
  });
  const lines = stdout.split('\n').map((line) => JSON.parse(line) as { message: string; function: string });
  assert.deepEqual(
    lines.map(({ message, function: of }) => `${of} ${message}`),
    ['persister page 0', 'persister page 1', 'persister page 2'],
  );
});

test('a follower shows each line once, also one that comes late', async () => {
  const events: { eventId: string; timestamp: number; message: string }[] = [];
  let looks = 0;
  const stop = new Error('stopped');
  const { stdout, stderr } = await runCloud(['logs', '--follow', '--function', 'api'], {
    answers: {
      'logs:FilterLogEvents': ({ startTime = 0 }) => ({
        events: events.filter(({ timestamp }) => timestamp >= startTime),
      }),
    },
    onSleep() {
      looks += 1;
      const nowMs = NOW + looks * 2_000;
      events.push({ eventId: `e${looks}`, timestamp: nowMs - 1, message: `at ${looks}` });
      // CloudWatch shows it three looks after its time.
      if (looks === 3) events.push({ eventId: 'late', timestamp: NOW + 1, message: 'late' });
      if (looks === 9) throw stop;
    },
  });
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split('  ')[1]),
    ['at 1', 'at 2', 'late', 'at 3', 'at 4', 'at 5', 'at 6', 'at 7', 'at 8'],
  );
  assert.match(stderr, /stopped/);
});

const wellFetch: typeof fetch = async (url) =>
  (url as string).endsWith('/readyz') ? new Response('{}') : Response.json({ status: 'degraded' });

test('status tells stacks, alarms, queues and what it answers; well is exit code 0', async () => {
  const { code, stdout } = await runCloud(['status'], {
    fetch: wellFetch,
    answers: {
      'sqs:GetQueueAttributes': () => ({
        Attributes: { ApproximateNumberOfMessages: '41', ApproximateNumberOfMessagesNotVisible: '2' },
      }),
      'cloudwatch:GetMetricData': () => ({ MetricDataResults: [{ Id: 'oldest', Values: [73, 12] }] }),
    },
  });
  assert.equal(code, 0, stdout);
  assert.match(stdout, new RegExp(`${APP} +eu-west-1  UPDATE_COMPLETE\nalarms: none\n`));
  assert.match(stdout, /queue <Queue> {2}41 waiting {2}2 in flight {2}the oldest for 73 s/);
  assert.match(stdout, /https:\/\/daybook\.example\.com {2}\/readyz 200 {2}status degraded$/);
});

test('an alarm, a broken stack and a server that is not ready are each exit code 1', async () => {
  const alarm: Answers = {
    'cloudwatch:DescribeAlarms': () => ({
      MetricAlarms: [{ AlarmName: 'api-errors', StateReason: '3 errors' }],
    }),
  };
  const ringing = await runCloud(['status'], { fetch: wellFetch, answers: alarm });
  assert.equal(ringing.code, 1);
  assert.match(ringing.stdout, /ALARM {2}api-errors: 3 errors/);

  const broken = await runCloud(['status'], {
    fetch: wellFetch,
    answers: {
      'cloudformation:DescribeStacks': ({ StackName }) => ({
        Stacks: [
          {
            StackName,
            StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
            StackStatusReason: 'the table is gone',
            CreationTime: new Date(0),
          },
        ],
      }),
    },
  });
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /UPDATE_ROLLBACK_COMPLETE the table is gone/);

  const notReady = await runCloud(['status', '--json'], {
    fetch: async () => new Response('{}', { status: 503 }),
  });
  assert.equal(notReady.code, 1);
  const { answers } = JSON.parse(notReady.stdout) as { answers: unknown };
  assert.deepEqual(answers, [
    { region: 'eu-west-1', url: 'https://daybook.example.com', ready: '503', status: 'unknown' },
  ]);

  const away = await runCloud(['status'], { fetch: () => Promise.reject(new Error('no route')) });
  assert.equal(away.code, 1);
  assert.match(away.stdout, /\/readyz no route {2}status unknown/);
});

test('outputs --json is for scripts', async () => {
  const { stdout } = await runCloud(['outputs', '--json']);
  const stacks = JSON.parse(stdout) as { stack: string; outputs: Record<string, string> }[];
  assert.deepEqual(stacks[1], {
    stack: APP,
    region: 'eu-west-1',
    outputs: { Url: 'https://daybook.example.com/' },
  });
});

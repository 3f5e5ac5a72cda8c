/**
 * What the SQS driver makes of failures that an emulator does not have: throttles, lost answers, batch requests that
 * fail in part, and queues that would lose entries.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { StartError } from '../../src/errors.ts';
import type { Delivery, Queue, QueueError } from '../../src/queue/queue.ts';
import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import type { ScriptedSqs, SqsAnswer, SqsCall } from '../support/scripted-sqs.ts';
import { startScriptedSqs } from '../support/scripted-sqs.ts';

const REGION = 'eu-west-1';
const MESSAGE = { body: Buffer.from('entry'), entries: 1, oldestStamp: 1 };

before(() => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
});

type Answer = (call: SqsCall) => SqsAnswer | undefined;

async function withQueue(
  answer: Answer,
  run: (queue: Queue, sqs: ScriptedSqs) => Promise<void>,
): Promise<void> {
  const sqs = await startScriptedSqs(answer);
  const { queueUrl } = sqs;
  try {
    const queue = await createSqsQueue({ queueUrl, region: REGION, requestTimeoutMs: 300 });
    try {
      await run(queue, sqs);
    } finally {
      await queue.close();
    }
  } finally {
    await sqs.close();
  }
}

/** The answers to one action, one after the other; then as a queue that is well. */
function inTurn(action: string, ...answers: SqsAnswer[]): Answer {
  return (call) => (call.action === action ? answers.shift() : undefined);
}

function callsOf({ calls }: ScriptedSqs, action: string): SqsCall[] {
  return calls.filter((call) => call.action === action);
}

function failsAs(reason: QueueError['reason'], outcome: QueueError['outcome']): (error: unknown) => boolean {
  return (error) => {
    const given = error as QueueError;
    assert.deepEqual(
      [given.name, given.reason, given.outcome],
      ['QueueError', reason, outcome],
      given.message,
    );
    return true;
  };
}

/** Deliveries of messages that are named by their receipt handles. */
function messages(...handles: string[]): SqsAnswer {
  const Messages = handles.map((handle) => ({
    Body: Buffer.from(handle).toString('base64'),
    ReceiptHandle: handle,
    Attributes: { SentTimestamp: '1700000000123' },
  }));
  return { output: { Messages } };
}

const THROTTLED = { status: 400, error: 'RequestThrottled' } as const;
const FAILED = { status: 500, error: 'InternalFailure' } as const;

const SENDS: readonly (readonly [string, SqsAnswer[], QueueError['outcome'] | undefined, calls: number])[] = [
  ['a throttle that passes', [THROTTLED, THROTTLED], undefined, 3],
  ['a throttle that stays', [THROTTLED, THROTTLED, THROTTLED], 'not-written', 3],
  ['a failure of the service that stays', [FAILED, FAILED, FAILED], 'unknown', 3],
  ['an answer that is lost once', ['cut'], undefined, 2],
  ['an answer that never comes', ['hang', 'hang', 'hang'], 'unknown', 3],
  [
    'a lost answer and then a refusal',
    ['cut', { status: 403, error: 'AccessDeniedException' }],
    'unknown',
    2,
  ],
  ['a refusal', [{ status: 403, error: 'AccessDeniedException' }], 'not-written', 1],
  ['a refusal of a name that is not known', [{ status: 400, error: 'Novelty' }], 'not-written', 1],
  ['a queue that was deleted', [{ status: 400, error: 'QueueDoesNotExist' }], 'not-written', 1],
];

for (const [what, answers, outcome, calls] of SENDS) {
  test(`a send meets ${what}: ${outcome ?? 'it is sent'}`, () =>
    withQueue(inTurn('SendMessage', ...answers), async (queue, sqs) => {
      const sent = queue.send(MESSAGE);
      if (outcome === undefined) await sent;
      else await assert.rejects(sent, failsAs('unavailable', outcome));
      assert.equal(callsOf(sqs, 'SendMessage').length, calls);
    }));
}

test('a message that the queue has come to find too large is refused as such', () =>
  withQueue(inTurn('SendMessage', { status: 400, error: 'InvalidParameterValue' }), (queue) =>
    assert.rejects(queue.send(MESSAGE), failsAs('too-large', 'not-written')),
  ));

test('delays are given as SQS takes them: whole seconds, and at most what it knows', () =>
  withQueue(inTurn('ReceiveMessage', messages('a')), async (queue, sqs) => {
    for (const delayMs of [undefined, 1, 1_500, 1e9]) {
      await queue.send({ ...MESSAGE, ...(delayMs !== undefined && { delayMs }) });
    }
    const delays = callsOf(sqs, 'SendMessage').map(({ input }) => input['DelaySeconds']);
    assert.deepEqual(delays, [0, 1, 2, 900]);
    const deliveries = await queue.receive({ maxMessages: 10, maxBytes: 1e8, waitMs: 0 });
    for (const delayMs of [0, 1, 60_000, 1e12]) await queue.release(deliveries, delayMs);
    await queue.extend(deliveries);
    const changes = callsOf(sqs, 'ChangeMessageVisibilityBatch').map(
      ({ input }) => (input['Entries'] as { VisibilityTimeout: number }[])[0]?.VisibilityTimeout,
    );
    assert.deepEqual([...changes.slice(0, 3), ...changes.slice(4)], [0, 1, 60, 30]);
    const longest = changes[3] ?? 0;
    assert.ok(longest > 43_000 && longest < 43_200, `within the 12 hours of a delivery: ${longest}`);
  }));

test('a receive asks for what is sure to fit, with long polls of two seconds', () =>
  withQueue(inTurn('ReceiveMessage', messages('a'), messages('b'), messages('c')), async (queue, sqs) => {
    const { maxMessageBytes } = queue.capabilities;
    await queue.receive({ maxMessages: 100, maxBytes: 1e8, waitMs: 60_000 });
    await queue.receive({ maxMessages: 100, maxBytes: 3 * maxMessageBytes, waitMs: 3_000 });
    const [delivery] = await queue.receive({ maxMessages: 2, maxBytes: 1, waitMs: 0 });
    const asked = callsOf(sqs, 'ReceiveMessage').map(({ input }) => [
      input['MaxNumberOfMessages'],
      input['WaitTimeSeconds'],
      input['VisibilityTimeout'],
    ]);
    assert.deepEqual(asked, [
      [10, 2, 30],
      [3, 2, 30],
      [1, 0, 30],
    ]);
    assert.equal(delivery?.sentAt, 1_700_000_000_123_000);
  }));

async function receive25(queue: Queue): Promise<readonly Delivery[]> {
  const all: Delivery[] = [];
  while (all.length < 25) all.push(...(await queue.receive({ maxMessages: 10, maxBytes: 1e8, waitMs: 0 })));
  return all;
}

const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `handle-${from + n}`);
const handlesOf = ({ input }: SqsCall) =>
  (input['Entries'] as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle);

/** Receives 25, then meets a batch request in which entries fail with these codes; those not named succeed. */
function failingEntries(action: string, ...turns: Readonly<Record<string, string>>[]): Answer {
  const receives = inTurn(
    'ReceiveMessage',
    messages(...names(0, 10)),
    messages(...names(10, 20)),
    messages(...names(20, 25)),
  );
  return (call) => {
    if (call.action !== action) return receives(call);
    const entries = (call.input['Entries'] ?? []) as { Id: string; ReceiptHandle: string }[];
    // The first batch alone.
    if (!entries.some(({ ReceiptHandle }) => Number(ReceiptHandle.slice(7)) < 10)) return undefined;
    const codes = turns.shift() ?? {};
    const failed = entries.filter(({ ReceiptHandle }) => codes[ReceiptHandle] !== undefined);
    const done = entries.filter(({ ReceiptHandle }) => codes[ReceiptHandle] === undefined);
    return {
      output: {
        Successful: done.map(({ Id }) => ({ Id })),
        Failed: failed.map(({ Id, ReceiptHandle }) => ({
          Id,
          SenderFault: false,
          Code: codes[ReceiptHandle],
        })),
      },
    };
  };
}

for (const [method, action] of [
  ['acknowledge', 'DeleteMessageBatch'],
  ['extend', 'ChangeMessageVisibilityBatch'],
  ['release', 'ChangeMessageVisibilityBatch'],
] as const) {
  const run = (queue: Queue, deliveries: readonly Delivery[]) =>
    method === 'release' ? queue.release(deliveries, 0) : queue[method](deliveries);

  test(`${method} repeats only the entries that failed, ten a request, and passes over what is out of date`, () =>
    withQueue(
      failingEntries(
        action,
        { 'handle-1': 'InternalError', 'handle-4': 'RequestThrottled', 'handle-7': 'ReceiptHandleIsInvalid' },
        { 'handle-4': 'InternalError' },
      ),
      async (queue, sqs) => {
        await run(queue, await receive25(queue));
        const asked = callsOf(sqs, action).map(handlesOf);
        assert.deepEqual(asked.slice(0, 3), [names(0, 10), names(10, 20), names(20, 25)]);
        assert.deepEqual(asked.slice(3), [['handle-1', 'handle-4'], ['handle-4']]);
      },
    ));

  test(`${method} fails when an entry stays undone, and has done the others`, () =>
    withQueue(
      failingEntries(action, ...Array.from({ length: 3 }, () => ({ 'handle-3': 'InternalError' }))),
      async (queue, sqs) => {
        const deliveries = await receive25(queue);
        await assert.rejects(run(queue, deliveries), failsAs('unavailable', 'unknown'));
        const asked = callsOf(sqs, action).map(handlesOf);
        assert.deepEqual(asked.slice(3), [['handle-3'], ['handle-3']]);
        await run(queue, deliveries);
      },
    ));
}

test('an entry that the answer does not mention is asked for again', async () => {
  let turn = 0;
  const receives = inTurn('ReceiveMessage', messages('a', 'b'));
  const answer: Answer = (call) => {
    if (call.action !== 'DeleteMessageBatch') return receives(call);
    return (turn += 1) === 1 ? { output: { Successful: [{ Id: '1' }] } } : undefined;
  };
  await withQueue(answer, async (queue, sqs) => {
    await queue.acknowledge(await queue.receive({ maxMessages: 10, maxBytes: 1e8, waitMs: 0 }));
    assert.deepEqual(callsOf(sqs, 'DeleteMessageBatch').map(handlesOf), [['a', 'b'], ['a']]);
  });
});

function redriveAfter(maxReceiveCount: number | string): string {
  return JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:1:elsewhere', maxReceiveCount });
}

const REFUSED: Readonly<Record<string, readonly [attributes: Record<string, string>, expected: RegExp]>> = {
  'that moves messages away soon': [
    { RedrivePolicy: redriveAfter(99) },
    /maxReceiveCount of 100 .*elsewhere/,
  ],
  'whose redrive policy says nothing': [{ RedrivePolicy: '{}' }, /maxReceiveCount of 100 or more/],
  'that is FIFO': [{ FifoQueue: 'true' }, /standard queue.*FIFO/],
  'that drops repeated contents': [{ ContentBasedDeduplication: 'true' }, /standard queue/],
  'without a visibility timeout': [{ VisibilityTimeout: '0' }, /VisibilityTimeout of 1 second/],
  'that does not say how much it takes': [{ MaximumMessageSize: '' }, /a number as MaximumMessageSize/],
};

for (const [kind, [attributes, expected]] of Object.entries(REFUSED)) {
  test(`a queue ${kind} stops the start`, async () => {
    const sqs = await startScriptedSqs(() => undefined, attributes);
    try {
      await assert.rejects(createSqsQueue({ queueUrl: sqs.queueUrl, region: REGION }), (error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, expected);
        return true;
      });
    } finally {
      await sqs.close();
    }
  });
}

test('what is unwise about a queue is said at the start, and its figures are taken', async () => {
  const attributes = { MessageRetentionPeriod: '345600', VisibilityTimeout: '5', MaximumMessageSize: '1025' };
  const sqs = await startScriptedSqs(() => undefined, attributes);
  const warnings: string[] = [];
  try {
    const queue = await createSqsQueue({
      queueUrl: sqs.queueUrl,
      region: REGION,
      onWarning: (message) => warnings.push(message),
    });
    const { retentionMs, visibilityMs, maxMessageBytes } = queue.capabilities;
    assert.deepEqual([retentionMs, visibilityMs, maxMessageBytes], [345_600_000, 5_000, 768]);
    assert.match(warnings.join('\n'), /4 days.*\n.*5 s/);
    await queue.close();
  } finally {
    await sqs.close();
  }
});

test('a redrive policy that outlasts an outage is taken, with a word where it could be longer', async () => {
  for (const [count, warned] of [
    [100, 1],
    ['999', 1],
    ['1000', 0],
    [1_000, 0],
  ] as const) {
    const sqs = await startScriptedSqs(() => undefined, { RedrivePolicy: redriveAfter(count) });
    const warnings: string[] = [];
    try {
      const onWarning = (message: string) => void warnings.push(message);
      const queue = await createSqsQueue({ queueUrl: sqs.queueUrl, region: REGION, onWarning });
      assert.equal(
        warnings.filter((warning) => warning.includes(`after ${count} deliveries`)).length,
        warned,
      );
      assert.equal(sqs.calls.length, 1, 'one call says all of it');
      await queue.close();
    } finally {
      await sqs.close();
    }
  }
});

test('a queue that may not be used stops the start; a service that is away does not', async () => {
  const forbidden = await startScriptedSqs(() => ({ status: 403, error: 'AccessDeniedException' }));
  try {
    const queueUrl = forbidden.queueUrl;
    await assert.rejects(createSqsQueue({ queueUrl, region: REGION }), StartError);
  } finally {
    await forbidden.close();
  }
  await assert.rejects(
    createSqsQueue({ queueUrl: forbidden.queueUrl, region: REGION }),
    failsAs('unavailable', 'not-written'),
  );
});

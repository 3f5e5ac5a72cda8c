/**
 * What a queue between intake and store costs the caller: single POSTs a second, answered 202 when the queue has them,
 * against the same without a queue, answered 201 when the store has them. The persister works meanwhile, on the same core
 * as the server, and has emptied the queue before the next phase begins.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startFauxqs } from '../../packages/daybook/test/support/fauxqs.ts';
import type { Fauxqs } from '../../packages/daybook/test/support/fauxqs.ts';
import { createFigure, perRound } from '../command/figure.ts';
import type { Figure } from '../command/figure.ts';
import { startLoad } from '../load/load-client.ts';
import type { LoadClient } from '../load/load-client.ts';
import { readCpuSeconds } from '../machine/process-figures.ts';
import { startDaybook } from '../peers/daybook.ts';
import type { DaybookServer } from '../peers/daybook.ts';
import type { Bench, ScenarioResult } from './bench.ts';
import { refusalReasons, verify } from './verify.ts';

const KINDS = ['none', 'sqlite', 'sqs'] as const;
type Kind = (typeof KINDS)[number];

interface Contender {
  readonly kind: Kind;
  readonly server: DaybookServer;
  readonly load: LoadClient;
  readonly rates: number[];
  /** Cores that the server took, the persister's work included. */
  readonly cpu: (number | null)[];
}

const GROUP = 'single POSTs before a queue, store in SQLite';
const NAMES: Readonly<Record<Kind, string>> = {
  none: 'without a queue (201)',
  sqlite: 'SQLite queue (202)',
  sqs: 'SQS, answered by fauxqs (202)',
};
const SQS_NOTE =
  'queues: fauxqs, which stands for SQS, is one Node process that keeps messages in memory: its figure tells what the driver manages ' +
  'against an endpoint on the same two cores, and nothing of Amazon';
const ACCOUNT = '000000000000';
const QUEUE_NAME = 'benchmark';
const DRAIN_TIMEOUT_MS = 120_000;
const LOOK_EVERY_MS = 50;
const WARM_UP_SECONDS = { quick: 1, full: 3 } as const;

export async function runQueuesScenario(bench: Bench): Promise<ScenarioResult> {
  const { options, children } = bench;
  const fauxqs = await startFauxqs({ persistent: false });
  try {
    const contenders: Contender[] = [];
    for (const kind of KINDS) contenders.push(await startContender(bench, kind, fauxqs));
    const voidReasons: string[] = [];
    bench.tell('queues: warming up');
    for (const contender of contenders) {
      voidReasons.push(...(await post(bench, contender, WARM_UP_SECONDS[options.quick ? 'quick' : 'full'])));
      contender.rates.length = contender.cpu.length = 0;
    }
    for (let round = 0; round < options.rounds; round += 1) {
      for (let step = 0; step < contenders.length; step += 1) {
        const contender = contenders[(step + round) % contenders.length]!;
        voidReasons.push(...(await post(bench, contender, options.seconds)));
      }
      const told = contenders.map(
        ({ kind, rates }) => `${kind} ${Math.round(rates.at(-1) ?? 0).toLocaleString('en')}/s`,
      );
      bench.tell(`queues round ${round + 1} of ${options.rounds}: ${told.join(', ')}`);
    }
    const verifications = [];
    for (const { kind, server, load } of contenders) {
      verifications.push(await verify(`queue ${kind}`, server, load));
      await children.stop(server.child);
    }
    return {
      figures: figuresOf(contenders),
      notes: [SQS_NOTE],
      details: {
        queues: Object.fromEntries(contenders.map(({ kind, rates, cpu }) => [kind, { rates, cpu }])),
      },
      verifications,
      voidReasons: [...voidReasons, ...verifications.flatMap((each) => each.voidReasons)],
    };
  } finally {
    await fauxqs.dispose();
  }
}

async function startContender(bench: Bench, kind: Kind, fauxqs: Fauxqs): Promise<Contender> {
  const dataDir = join(bench.directory, `queue-${kind}`);
  mkdirSync(dataDir);
  const url = kind === 'sqs' ? await createSqsQueue(fauxqs) : kind === 'sqlite' ? 'sqlite:' : 'none';
  const config = join(bench.directory, `queue-${kind}.config.json`);
  // A container's own disk will do for a benchmark.
  writeFileSync(config, JSON.stringify({ store: 'sqlite:', queue: { url, allowEphemeral: true } }));
  const { accessKeyId, secretAccessKey } = fauxqs.credentials;
  const env = {
    DAYBOOK_CONFIG: config,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const server = await startDaybook(bench.children, { dataDir, role: 'server', env });
  return { kind, server, load: startLoad(bench.children), rates: [], cpu: [] };
}

/** @returns the URL for Daybook. */
async function createSqsQueue({ endpoint, region }: Fauxqs): Promise<string> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.CreateQueue' },
    body: JSON.stringify({ QueueName: QUEUE_NAME, Attributes: { VisibilityTimeout: '60' } }),
  });
  if (!answer.ok) throw new Error(`fauxqs made no queue: ${await answer.text()}`);
  return `sqs://${region}/${ACCOUNT}/${QUEUE_NAME}?endpoint=${endpoint}`;
}

/** One phase, and the time that the persister needs for the rest. @returns why the run is void. */
async function post(
  bench: Bench,
  { server, load, rates, cpu }: Contender,
  seconds: number,
): Promise<string[]> {
  const cpuBefore = readCpuSeconds(server.pid);
  const result = await load.run({
    kind: 'closed-loop',
    target: server.target,
    path: '/app',
    linesPerRequest: null,
    connections: bench.options.connections,
    rememberIds: true,
    seconds,
    maxRequests: null,
  });
  const cpuAfter = readCpuSeconds(server.pid);
  rates.push(result.requestsPerSecond);
  cpu.push(cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / result.seconds);
  await emptied(server);
  return refusalReasons('queues', result.refused);
}

async function emptied(server: DaybookServer): Promise<void> {
  const end = performance.now() + DRAIN_TIMEOUT_MS;
  for (;;) {
    const view = await readQueue(server);
    if (view.queue === null || view.queue.messages === 0) return;
    if (performance.now() > end) throw new Error(`the queue still holds ${view.queue.messages} messages`);
    await sleep(LOOK_EVERY_MS);
  }
}

function readQueue({ target, adminKey }: DaybookServer): Promise<{ queue: { messages: number } | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ queue: { messages: number } | null }>();
  const headers = { authorization: `Bearer ${adminKey()}` };
  get({ host: target.host, port: target.port, path: '/api/queue', headers, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text: string) => (body += text));
    answer.on('end', () => resolve(JSON.parse(body) as { queue: { messages: number } | null }));
    answer.on('error', reject);
  }).on('error', reject);
  return promise;
}

function figuresOf(contenders: readonly Contender[]): Figure[] {
  const without = contenders.find(({ kind }) => kind === 'none')?.rates ?? [];
  return contenders.flatMap(({ kind, rates }) => [
    createFigure({ group: GROUP, name: NAMES[kind], unit: '/s', rounds: rates }),
    ...(kind === 'none'
      ? []
      : [
          createFigure({
            group: GROUP,
            name: `${NAMES[kind]} ÷ without`,
            unit: '×',
            rounds: perRound(rates, without),
          }),
        ]),
  ]);
}

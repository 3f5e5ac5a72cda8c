/**
 * `node benchmarks/ownership-timing.ts [requests]`: whether an answer's time tells another's entry from one that there
 * never was. Bob asks for Alice's ids, for ids that nobody has, and for other ids that nobody has, in turn and in an order
 * that changes, 10 000 of each unless said otherwise. The two groups that nobody has are alike: how much their medians
 * differ is the noise, and the difference between Alice's and nobody's has to be within it.
 *
 * Exit code: 0 within the noise, 1 beyond it or failed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createChildren } from './command/children.ts';
import { startDaybook } from './peers/daybook.ts';

const BIN = fileURLToPath(new URL('../packages/daybook/bin/daybook.js', import.meta.url));
const GROUPS = ['another’s', 'nobody’s', 'nobody’s again'] as const;
type Group = (typeof GROUPS)[number];
const ENTRIES = 20_000;
const LINES = 1_000;
const BLOCKS = 20;
const WARM_UP = 500;

interface Answered {
  readonly status: number;
  readonly body: string;
}

async function main(requests: number): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'daybook-ownership-timing-'));
  const children = createChildren(null);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const environment = { ...process.env, DAYBOOK_DATA_DIR: dataDir };
    const daybook = (...given: string[]) =>
      execFileSync(process.execPath, [BIN, ...given], {
        env: environment,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const file = join(dataDir, 'daybook.config.json');
    writeFileSync(file, daybook('token', '--init'));
    const as = (subject: string) =>
      `Bearer ${daybook('token', '--subject', subject, '--role', 'data.write', '--role', 'data.read').trim()}`;
    const [alice, bob] = [as('alice'), as('bob')];
    const { target } = await startDaybook(children, {
      dataDir,
      role: 'server',
      env: { DAYBOOK_CONFIG: file },
    });

    const exchange = (path: string, authorization: string, body?: string): Promise<Answered> =>
      new Promise((resolve, reject) => {
        const headers = {
          authorization,
          ...(body !== undefined && {
            'content-type': 'application/x-ndjson',
            'content-length': Buffer.byteLength(body),
          }),
        };
        const method = body === undefined ? 'GET' : 'POST';
        const outgoing = request({ ...target, path, method, headers, agent }, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
          answer.on('error', reject);
        });
        outgoing.on('error', reject).end(body);
      });

    const ids: string[] = [];
    const batch = '{"informationOne":"one","informationTwo":"two"}\n'.repeat(LINES);
    for (let written = 0; written < ENTRIES; written += LINES) {
      await exchange('/data', bob, batch);
      const { body } = await exchange('/data', alice, batch);
      for (const line of body.trim().split('\n')) ids.push((JSON.parse(line) as { id: string }).id);
    }

    const pathOf = (group: Group): string => {
      const id = ids[Math.floor(Math.random() * ids.length)] as string;
      // The same stamps, so the same places of the index; only the random end was never given to anybody.
      const tail = Math.floor(Math.random() * 2 ** 48)
        .toString(16)
        .padStart(12, '0');
      return `/data/${group === 'another’s' ? id : id.slice(0, -12) + tail}`;
    };
    const times = new Map<Group, Float64Array>(GROUPS.map((group) => [group, new Float64Array(requests)]));
    const bodies = new Set<string>();
    for (let n = -WARM_UP; n < requests; n += 1) {
      for (const group of GROUPS.toSorted(() => Math.random() - 0.5)) {
        const path = pathOf(group);
        const startedMs = performance.now();
        const { status, body } = await exchange(path, bob);
        const tookMs = performance.now() - startedMs;
        if (n >= 0) (times.get(group) as Float64Array)[n] = tookMs * 1_000;
        bodies.add(
          `${status} ${body.replace(path.slice('/data/'.length), 'ID').replace(/"requestId":"\w+"/, '')}`,
        );
      }
    }
    if (bodies.size !== 1) throw new Error(`the answers differ: ${[...bodies].join('\n')}`);
    return tell(times, requests);
  } finally {
    agent.destroy();
    await children.stopAll();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function tell(times: ReadonlyMap<Group, Float64Array>, requests: number): boolean {
  const of = (group: Group) => times.get(group) as Float64Array;
  for (const group of GROUPS) {
    const sorted = of(group).toSorted();
    const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] as number).toFixed(1);
    console.log(
      `${group.padEnd(15)} ${requests} requests   p10 ${at(0.1)} µs   median ${at(0.5)} µs   p90 ${at(0.9)} µs   p99 ${at(0.99)} µs`,
    );
  }
  const difference = (a: Group, b: Group, from = 0, to = requests) =>
    medianOf(of(a).subarray(from, to)) - medianOf(of(b).subarray(from, to));
  const size = Math.floor(requests / BLOCKS);
  const noise = Array.from({ length: BLOCKS }, (_, n) =>
    Math.abs(difference('nobody’s again', 'nobody’s', n * size, (n + 1) * size)),
  ).toSorted((a, b) => a - b);
  // A median of all requests varies less than one of a block does, by the root of their number.
  const bound =
    (noise.at(-2) as number) / Math.sqrt(BLOCKS) + Math.abs(difference('nobody’s again', 'nobody’s'));
  const seen = difference('another’s', 'nobody’s');
  console.log(`\nanother’s − nobody’s        ${seen.toFixed(2)} µs`);
  console.log(`nobody’s again − nobody’s   ${difference('nobody’s again', 'nobody’s').toFixed(2)} µs`);
  console.log(`noise                       ${bound.toFixed(2)} µs`);
  const within = Math.abs(seen) <= bound;
  console.log(within ? 'within the noise' : 'BEYOND THE NOISE');
  return within;
}

function medianOf(values: Float64Array): number {
  return values.toSorted()[values.length >> 1] as number;
}

process.exitCode = (await main(Number(process.argv[2] ?? 10_000))) ? 0 : 1;

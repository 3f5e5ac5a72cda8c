/**
 * A short load on a deployment: users who each post twice, read once and pause, for a while. It passes when no answer was an
 * error, and tells how long answers took; it is bounded in time, in users and by the pause, and no benchmark:
 * `npm run bench` is.
 *
 *   npm run test:load -- https://daybook.example.com --seconds 20 --users 10
 *
 * What is posted stays on record.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { LatencyFigures } from '../../../../benchmarks/load/messages.ts';
import { createLatencySamples } from '../../../../benchmarks/load/latency-samples.ts';
import { EXIT_FAILURE, EXIT_OK, errorOf, exitCodeOf, toOneLine } from '../failure.ts';
import { parseTarget } from './target.ts';

export interface LoadOptions {
  /** Without a trailing slash. */
  readonly url: string;
  readonly register: string;
  readonly apiKey?: string | undefined;
  readonly seconds: number;
  readonly users: number;
  /** Between two requests of one user, on average: each pause is between half of it and one and a half. */
  readonly pauseMs: number;
}

export interface LoadResult {
  readonly posts: LatencyFigures;
  readonly reads: LatencyFigures;
  /** The first ones, in words. */
  readonly errors: readonly string[];
  readonly errorCount: number;
}

/** More would be an attack, and no test. */
const LIMITS = { seconds: 300, users: 200 } as const;
const REQUEST_MS = 30_000;
/** Two posts, then a read. */
const ROUND = ['POST', 'POST', 'GET'] as const;
const SHOWN_ERRORS = 5;

export async function loadTest(options: LoadOptions): Promise<LoadResult> {
  const posts = createLatencySamples();
  const reads = createLatencySamples();
  const errors: string[] = [];
  let errorCount = 0;
  const endMs = performance.now() + options.seconds * 1_000;

  async function request(method: (typeof ROUND)[number], user: number): Promise<void> {
    const startedMs = performance.now();
    const wrong = await send(options, method, user).catch((thrown: unknown) => toOneLine(causeOf(thrown)));
    (method === 'POST' ? posts : reads).add(performance.now() - startedMs);
    if (wrong === undefined) return;
    errorCount += 1;
    if (errors.length < SHOWN_ERRORS) errors.push(`${method}: ${wrong}`);
  }

  /** Users do not march in step: each begins at another place of its round, after another pause. */
  async function use(user: number): Promise<void> {
    for (let turn = user; performance.now() < endMs; turn += 1) {
      const pauseMs = options.pauseMs * (0.5 + ((user * 7 + turn * 3) % 10) / 10);
      await sleep(Math.min(pauseMs, Math.max(0, endMs - performance.now())));
      if (performance.now() >= endMs) return;
      await request(ROUND[turn % ROUND.length] ?? 'GET', user);
    }
  }

  await Promise.all(Array.from({ length: options.users }, (_, user) => use(user)));
  return { posts: posts.figures(), reads: reads.figures(), errors, errorCount };
}

/** @returns what was wrong; undefined when nothing was. */
async function send(
  { url, register, apiKey }: LoadOptions,
  method: (typeof ROUND)[number],
  user: number,
): Promise<string | undefined> {
  const answer = await fetch(`${url}/${register}${method === 'GET' ? '?limit=10' : ''}`, {
    method,
    headers: {
      ...(method === 'POST' && { 'content-type': 'application/json' }),
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    },
    ...(method === 'POST' && { body: JSON.stringify({ test: 'load', user }) }),
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const text = await answer.text();
  return answer.ok ? undefined : `${answer.status} ${text.slice(0, 200)}`;
}

/** fetch() hides the reason in the cause. */
function causeOf(thrown: unknown): unknown {
  return errorOf(thrown).cause ?? thrown;
}

function describe(what: string, { samples, p50Ms, p99Ms, p999Ms, maxMs }: LatencyFigures): string {
  const figures = { p50: p50Ms, p99: p99Ms, 'p99.9': p999Ms, max: maxMs };
  const text = Object.entries(figures).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`);
  return `${what.padEnd(5)} ${samples} answers  ${text.join('  ')}`;
}

async function main(argv: readonly string[], apiKey: string | undefined): Promise<number> {
  const { urls, register, numbers } = parseTarget(argv, { seconds: 20, users: 10, 'pause-ms': 1_750 });
  const seconds = Math.min(numbers.seconds, LIMITS.seconds);
  const users = Math.min(Math.floor(numbers.users), LIMITS.users);
  let failed = false;
  for (const url of urls) {
    const result = await loadTest({ url, register, apiKey, seconds, users, pauseMs: numbers['pause-ms'] });
    const { posts, reads, errors, errorCount } = result;
    // Nothing that was asked proves nothing.
    const passed = errorCount === 0 && posts.samples > 0 && reads.samples > 0;
    failed ||= !passed;
    process.stdout.write(
      `${[
        `${passed ? 'PASS' : 'FAIL'}  ${url}  ${users} users for ${seconds} s, ${errorCount} errors`,
        ...errors.map((error) => `      ${error}`),
        `      ${describe('POST', posts)}`,
        `      ${describe('GET', reads)}`,
      ].join('\n')}\n`,
    );
  }
  return failed ? EXIT_FAILURE : EXIT_OK;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2), process.env['DAYBOOK_API_KEY']);
  } catch (thrown) {
    process.stderr.write(`load test: ${toOneLine(thrown)}\n`);
    process.exitCode = exitCodeOf(thrown);
  }
}

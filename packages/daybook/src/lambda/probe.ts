/**
 * The synthetic probe, once a minute by a schedule: does what a caller does, through the same front. It posts an entry to
 * the register `probe`, reads it back by its id until it is stored, and compares; so a minute in which nobody calls tells
 * as much as a busy one, and the functions stay warm.
 *
 * A finding is a metric and one line of the log, never an error: EventBridge would try a failed call again and so count it
 * twice. A probe that ends by itself always says something; no metric at all means that it did not run.
 */
import type { Logger } from 'pino';

import type { Client } from '../client/client.ts';
import { createClient } from '../client/client.ts';
import { pause } from '../client/retry.ts';
import { systemTime } from '../clock.ts';
import { readCliEnvironment } from '../config/cli-environment.ts';
import { loadConfig } from '../config/load.ts';
import { StartError, toError } from '../errors.ts';
import { idToStamp, randomId } from '../id.ts';
import { createLog } from '../telemetry/log.ts';
import type { EmitMetrics } from './emit-metric.ts';
import { createEmitter } from './emit-metric.ts';

/** What one probe found. */
export interface Finding {
  /** Until the entry was acknowledged; undefined when it was not. */
  readonly acknowledgedMs?: number;
  /** Until the entry could be read, from the same start. */
  readonly readableMs?: number;
  /** Why it failed; undefined when everything was as it should be. */
  readonly failure?: string;
}

export interface ProbeOptions {
  readonly url: string;
  /** For all of it. Default 25 000, below the 30 s of the function. */
  readonly timeoutMs?: number;
  /** Between two looks whether the entry can be read. Default 250. */
  readonly everyMs?: number;
  readonly fetch?: typeof fetch;
  /** Unix milliseconds. */
  readonly wallMs?: () => number;
  /** Monotonic milliseconds. */
  readonly elapsedMs?: () => number;
}

const REGISTER = 'probe';
const TIMEOUT_MS = 25_000;
const LOOK_EVERY_MS = 250;
/** Two clocks that follow NTP are closer together than this. */
const STAMP_TOLERANCE_MS = 5_000;

/** Never rejects, and resolves within `timeoutMs`. */
export async function probe(options: ProbeOptions): Promise<Finding> {
  const { url, timeoutMs = TIMEOUT_MS, fetch: fetchNow = fetch } = options;
  const { wallMs = systemTime.wallMs, elapsedMs = systemTime.monotonicMs } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  const found: { acknowledgedMs?: number; readableMs?: number } = {};
  try {
    const client = createClient({ baseUrl: url, timeoutMs, fetch: fetchNow });
    const text = JSON.stringify({ probe: randomId() });
    const beganMs = elapsedMs();
    const sentAtMs = wallMs();
    // The client repeats what fails for a while, under the one key: a probe is one entry, however often it is sent.
    const key = { idempotencyKey: `probe-${randomId()}`, contentType: 'application/json', signal };
    const { id, receivedAt } = await client.post(REGISTER, text, key);
    found.acknowledgedMs = elapsedMs() - beganMs;
    assertStamp(id, receivedAt, sentAtMs, wallMs());
    const entry = await readBack(client, id, options.everyMs ?? LOOK_EVERY_MS, signal);
    found.readableMs = elapsedMs() - beganMs;
    expectSame('receivedAt', receivedAt, entry.receivedAt);
    const { bytes } = await client.payload(REGISTER, id, { signal });
    expectSame('payload', text, Buffer.from(bytes).toString('utf8'));
    const ready = await fetchNow(`${url.replace(/\/+$/, '')}/readyz`, { signal });
    await ready.body?.cancel();
    expectSame('status of /readyz', '200', String(ready.status));
    return found;
  } catch (thrown) {
    const failure = signal.aborted ? `expected all of it within ${timeoutMs} ms` : toError(thrown).message;
    return { ...found, failure };
  }
}

/** Until it is stored: behind a queue that takes a moment. The time for it is the probe's. */
async function readBack(client: Client, id: string, everyMs: number, signal: AbortSignal) {
  for (;;) {
    const entry = await client.entry(REGISTER, id, { signal });
    if (entry.status !== 'pending') {
      expectSame('status', 'stored', entry.status);
      return entry;
    }
    await pause(everyMs, signal);
  }
}

function assertStamp(id: string, receivedAt: string, fromMs: number, toMs: number): void {
  expectSame('receivedAt', idToStamp(id), receivedAt);
  const atMs = Date.parse(receivedAt);
  if (atMs >= fromMs - STAMP_TOLERANCE_MS && atMs <= toMs + STAMP_TOLERANCE_MS) return;
  throw new Error(`receivedAt: expected a stamp within ${STAMP_TOLERANCE_MS} ms of now, given ${receivedAt}`);
}

function expectSame(what: string, expected: string, given: string): void {
  if (given !== expected) {
    throw new Error(
      `${what}: expected ${JSON.stringify(expected)}, given ${JSON.stringify(given.slice(0, 80))}`,
    );
  }
}

/** Puts a finding on record. */
export function tell(
  { acknowledgedMs, readableMs, failure }: Finding,
  log: Pick<Logger, 'info' | 'error'>,
  emit: EmitMetrics,
): void {
  const latencies = {
    ...(acknowledgedMs !== undefined && { ProbeLatency: round(acknowledgedMs) }),
    ...(readableMs !== undefined && { ProbeReadableLatency: round(readableMs) }),
  };
  emit({ ProbeFailures: failure === undefined ? 0 : 1, ...latencies });
  if (failure === undefined) log.info({ event: 'probe-succeeded', ...latencies });
  else log.error({ event: 'probe-failed', failure, ...latencies });
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Of the schedule; its event says nothing that matters here. @throws {StartError} by a bad configuration. */
export async function handler(): Promise<void> {
  const { logLevel, metricsNamespace } = await loadConfig();
  const { url } = readCliEnvironment();
  if (url === undefined)
    throw new StartError('DAYBOOK_URL: expected the address of a Daybook, given nothing');
  const finding = await probe({ url });
  const emit = createEmitter({ namespace: metricsNamespace, functionName: 'probe' });
  tell(finding, createLog(logLevel), emit);
}

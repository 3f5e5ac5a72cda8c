/**
 * A Lambda function on this machine: Invoke, request-response, over a pool of execution environments. One invocation at a
 * time in each; a new one is started when none is free, up to the function's concurrency; beyond it the caller is told
 * so at once ("Understanding Lambda function scaling", AWS Lambda). Payloads are bounded as Lambda bounds them.
 */
import type { Environment, EnvironmentOptions } from './runtime/environment.ts';
import { startEnvironment } from './runtime/environment.ts';
import type { FunctionLogs } from './runtime/function-logs.ts';
import { createFunctionLogs } from './runtime/function-logs.ts';
import type { RuntimeError } from './runtime/runtime-api.ts';

/** "Lambda quotas": of a synchronous invocation, each way. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

export interface LocalFunctionOptions extends Omit<EnvironmentOptions, 'onLine'> {
  /** Environments at the same time. */
  readonly maxConcurrency: number;
}

/** What the caller of Invoke is told. */
export type Invoked =
  | { readonly kind: 'response'; readonly payload: unknown; readonly bytes: number }
  /** FunctionError: what the function threw, or how its environment ended. */
  | { readonly kind: 'error'; readonly error: RuntimeError }
  /** TooManyRequestsException: the function was not called. */
  | { readonly kind: 'throttled' }
  /** RequestTooLargeException: the function was not called. */
  | { readonly kind: 'too-large' };

export interface FunctionCounts {
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly starts: number;
}

export interface LocalFunction {
  readonly name: string;
  readonly arn: string;
  readonly timeoutMs: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly logs: FunctionLogs;
  invoke(event: unknown): Promise<Invoked>;
  counts(): FunctionCounts;
  environments(): readonly Pick<Environment, 'pid' | 'state'>[];
  /** SIGKILL to those that are at work, or to all. @returns how many. */
  kill(which: 'busy' | 'all'): Promise<number>;
  /** Idempotent. */
  close(): Promise<void>;
}

export function createLocalFunction(options: LocalFunctionOptions): LocalFunction {
  const { maxConcurrency, functionName, functionArn, timeoutMs, variables } = options;
  const logs = createFunctionLogs();
  const pool = new Set<Environment>();
  const counts = { invocations: 0, errors: 0, throttles: 0, starts: 0 };
  /** Environments that an invocation has, those that are being started among them. */
  let taken = 0;
  const held = new Set<Environment>();
  let closed = false;

  /** The one used last comes first, so that idle ones stay idle. */
  async function take(): Promise<Environment> {
    for (const environment of [...pool].toReversed()) {
      if (held.has(environment)) continue;
      if (environment.state !== 'frozen' && environment.state !== 'settling') continue;
      held.add(environment);
      const usable = await environment.ready().then(
        () => true,
        () => false,
      );
      if (usable) return environment;
      held.delete(environment);
      pool.delete(environment);
    }
    counts.starts += 1;
    const started = await startEnvironment({ ...options, onLine: (line) => logs.add(line) });
    held.add(started);
    pool.add(started);
    await started.ready();
    return started;
  }

  async function invoke(event: unknown): Promise<Invoked> {
    if (closed) throw new Error(`${functionName}: closed`);
    const payload = JSON.stringify(event);
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) return { kind: 'too-large' };
    if (taken >= maxConcurrency) {
      counts.throttles += 1;
      return { kind: 'throttled' };
    }
    taken += 1;
    counts.invocations += 1;
    try {
      const told = await work(payload);
      if (told.kind === 'error') counts.errors += 1;
      return told;
    } finally {
      taken -= 1;
    }
  }

  async function work(payload: string): Promise<Invoked> {
    let environment: Environment | undefined;
    try {
      environment = await take();
    } catch (thrown) {
      dropEnded();
      return { kind: 'error', error: { errorType: 'Runtime.InitError', errorMessage: String(thrown) } };
    }
    const outcome = await environment.invoke(payload);
    held.delete(environment);
    dropEnded();
    if (outcome.kind === 'error') return outcome;
    const bytes = Buffer.byteLength(outcome.text);
    if (bytes > MAX_PAYLOAD_BYTES) {
      const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${MAX_PAYLOAD_BYTES} bytes).`;
      return { kind: 'error', error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage } };
    }
    return { kind: 'response', payload: JSON.parse(outcome.text) as unknown, bytes };
  }

  function dropEnded(): void {
    for (const environment of pool) {
      if (environment.state !== 'ended') continue;
      pool.delete(environment);
      held.delete(environment);
    }
  }

  async function kill(which: 'busy' | 'all'): Promise<number> {
    const victims = [...pool].filter(({ state }) => which === 'all' || state === 'busy');
    await Promise.all(victims.map(async (one) => await one.kill()));
    return victims.length;
  }

  return {
    name: functionName,
    arn: functionArn,
    timeoutMs,
    variables,
    logs,
    invoke,
    counts: () => ({ ...counts }),
    environments: () => [...pool].map(({ pid, state }) => ({ pid, state })),
    kill,
    async close() {
      closed = true;
      await kill('all');
    },
  };
}

/**
 * One execution environment of a function ("Understanding the Lambda execution environment lifecycle", AWS Lambda): a
 * process that works on one invocation at a time and is frozen (SIGSTOP) whenever it waits for one. So nothing may rely
 * on a timer, a connection or a promise that goes on after the answer.
 *
 *   starting ──asks for an invocation──▶ frozen ◀──asks for the next──┐
 *      │                                  │ invoke()                  │
 *      │                                  ▼                           │
 *      │                                 busy ──answers──▶ settling ──┘
 *      ▼                                  │
 *    ended ◀──crash, time-out, kill()─────┘
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Outcome, RuntimeError } from './runtime-api.ts';
import { startRuntimeApi } from './runtime-api.ts';
import type { Warden } from './warden.ts';

const BOOTSTRAP = fileURLToPath(new URL('bootstrap.ts', import.meta.url));
/** "Init phase", the same page. */
const INIT_TIMEOUT_MS = 10_000;

export interface EnvironmentOptions {
  readonly functionName: string;
  readonly functionArn: string;
  /** The folder of the bundle: /var/task. */
  readonly taskRoot: string;
  /** `<file>.<export>` */
  readonly handler: string;
  /** The template's own; the reserved ones are added ("Defined runtime environment variables", AWS Lambda). */
  readonly variables: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly region: string;
  readonly warden: Warden;
  readonly onLine: (line: string) => void;
}

export interface Environment {
  readonly state: 'starting' | 'frozen' | 'busy' | 'settling' | 'ended';
  readonly pid: number;
  /** Until it can be invoked. @throws {Error} when it ended instead; the message is Lambda's. */
  ready(): Promise<void>;
  /** Only of a frozen one. Resolves with what the caller of Invoke is told. */
  invoke(payload: string): Promise<Outcome>;
  /** SIGKILL, as when the machine below it is gone. Idempotent. */
  kill(): Promise<void>;
}

export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { functionName, functionArn, timeoutMs, memoryMb, warden, onLine } = options;
  let state: Environment['state'] = 'starting';
  let underWay: { readonly requestId: string; readonly resolve: (outcome: Outcome) => void } | undefined;
  let failure: RuntimeError = { errorType: 'Runtime.ExitError', errorMessage: '' };
  const waiters: { resolve(): void; reject(error: Error): void }[] = [];

  const api = await startRuntimeApi({
    onNext() {
      state = 'frozen';
      child.kill('SIGSTOP');
      for (const { resolve } of waiters.splice(0)) resolve();
    },
    onOutcome(_requestId, outcome) {
      state = 'settling';
      const { resolve } = underWay ?? {};
      underWay = undefined;
      resolve?.(outcome);
    },
    onInitError(error) {
      failure = error;
    },
  });

  const child = spawn(process.execPath, [`--max-old-space-size=${Math.floor(memoryMb * 0.9)}`, BOOTSTRAP], {
    cwd: options.taskRoot,
    env: { ...reservedVariables(options, api.address), ...options.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  warden.watch(pid);
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onLine);
  const initTimer = setTimeout(() => {
    failure = { errorType: 'Sandbox.Timedout', errorMessage: `Init timed out after ${INIT_TIMEOUT_MS} ms` };
    child.kill('SIGKILL');
  }, INIT_TIMEOUT_MS);

  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(initTimer);
      warden.forget(pid);
      state = 'ended';
      const how = signal === null ? `exit status ${code}` : `signal: ${signal}`;
      if (failure.errorMessage === '') {
        failure = { errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with error: ${how}` };
      }
      underWay?.resolve({ kind: 'error', error: failure });
      underWay = undefined;
      for (const { reject } of waiters.splice(0)) reject(new Error(failure.errorMessage));
      resolve(api.close());
    });
  });

  return {
    get state() {
      return state;
    },
    pid,
    async ready() {
      if (state === 'starting' || state === 'settling') {
        await new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
      }
      clearTimeout(initTimer);
      if (state === 'ended') throw new Error(failure.errorMessage);
    },
    async invoke(payload) {
      if (state !== 'frozen') throw new Error(`expected a frozen environment, given one that is ${state}`);
      state = 'busy';
      const requestId = randomUUID();
      const outcome = new Promise<Outcome>((resolve) => {
        underWay = { requestId, resolve };
      });
      const timer = setTimeout(() => {
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
        failure = { errorType: 'Sandbox.Timedout', errorMessage };
        onLine(errorMessage);
        child.kill('SIGKILL');
      }, timeoutMs);
      child.kill('SIGCONT');
      api.give({ requestId, deadlineMs: Date.now() + timeoutMs, functionArn, payload });
      try {
        return await outcome;
      } finally {
        clearTimeout(timer);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };

  function reservedVariables({ handler, taskRoot, region }: EnvironmentOptions, runtimeApi: string) {
    return {
      _HANDLER: handler,
      AWS_DEFAULT_REGION: region,
      AWS_REGION: region,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
      AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef',
      AWS_LAMBDA_RUNTIME_API: runtimeApi,
      // Any values do for the local services.
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      LAMBDA_TASK_ROOT: taskRoot,
      LAMBDA_RUNTIME_DIR: '/var/runtime',
      LANG: 'en_US.UTF-8',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      TZ: ':UTC',
    };
  }
}

/**
 * The process of an execution environment: loads `_HANDLER` from `LAMBDA_TASK_ROOT`, then asks the Runtime API for one
 * invocation after the other ("Using the Lambda runtime API for custom runtimes" and "Define Lambda function handler in
 * Node.js", AWS Lambda). It knows nothing of the tests: only what the environment's variables and the Runtime API say.
 */
import type { Context } from 'aws-lambda';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

type AsyncHandler = (event: unknown, context: Context) => unknown;

interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const variable = (name: string): string => process.env[name] ?? '';
const [host = '', port = ''] = variable('AWS_LAMBDA_RUNTIME_API').split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method: 'GET' | 'POST', path: string, body?: string, errorType?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...(errorType === undefined ? {} : { 'lambda-runtime-function-error-type': errorType }),
    };
    const url = { host, port, method, headers, agent, path: `/2018-06-01/runtime/${path}` };
    const asked = request(url, (response) => {
      buffer(response).then((bytes) => resolve({ headers: response.headers, body: bytes }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

function describe(thrown: unknown): { errorType: string; errorMessage: string; trace: string[] } {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

async function loadHandler(): Promise<AsyncHandler> {
  const [file = '', name = ''] = variable('_HANDLER').split('.');
  const path = join(variable('LAMBDA_TASK_ROOT'), `${file}.mjs`);
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const handler = module[name];
  if (typeof handler === 'function') return handler as AsyncHandler;
  throw new Error(`${variable('_HANDLER')} is undefined or not exported`);
}

/** Node.js 24 and later have no callbacks. */
const notThere = (): never => {
  throw new Error('callbacks are not supported by this runtime');
};

function contextOf(headers: Answer['headers']): Context {
  const header = (name: string): string => String(headers[name] ?? '');
  const deadlineMs = Number(header('lambda-runtime-deadline-ms'));
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: variable('AWS_LAMBDA_FUNCTION_NAME'),
    functionVersion: variable('AWS_LAMBDA_FUNCTION_VERSION'),
    memoryLimitInMB: variable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
    logGroupName: variable('AWS_LAMBDA_LOG_GROUP_NAME'),
    logStreamName: variable('AWS_LAMBDA_LOG_STREAM_NAME'),
    invokedFunctionArn: header('lambda-runtime-invoked-function-arn'),
    awsRequestId: header('lambda-runtime-aws-request-id'),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    done: notThere,
    fail: notThere,
    succeed: notThere,
  };
}

let requestId: string | undefined;
/** What nobody catches ends the environment, and the invocation with it. */
async function crash(thrown: unknown): Promise<never> {
  const error = describe(thrown);
  process.stderr.write(`${JSON.stringify(error)}\n`);
  const path = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
  await call('POST', path, JSON.stringify(error), error.errorType);
  process.exit(129);
}
process.on('uncaughtException', (error) => void crash(error));
process.on('unhandledRejection', (reason) => void crash(reason));

const handler = await loadHandler().catch(crash);
for (;;) {
  const { headers, body } = await call('GET', 'invocation/next');
  const context = contextOf(headers);
  requestId = context.awsRequestId;
  process.env['_X_AMZN_TRACE_ID'] = String(headers['lambda-runtime-trace-id'] ?? '');
  const path = `invocation/${requestId}`;
  let answer: string;
  try {
    answer = JSON.stringify((await handler(JSON.parse(body.toString()), context)) ?? null);
  } catch (thrown) {
    const error = describe(thrown);
    process.stderr.write(`${JSON.stringify(error)}\n`);
    await call('POST', `${path}/error`, JSON.stringify(error), error.errorType);
    continue;
  }
  await call('POST', `${path}/response`, answer);
}

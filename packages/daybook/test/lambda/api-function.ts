/**
 * The function of the API with a table of its own, called with the events of any front as Lambda would call it. What it
 * answers is read as the front would give it to the caller. Everything ends with the file.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import type { DaybookConfig } from '../../src/config/schema.ts';
import { createApiHandler } from '../../src/lambda/api.ts';
import type { FrontResult } from '../../src/lambda/front-result.ts';
import type { DynamoDbTables } from '../support/dynamodb-tables.ts';
import { startDynamoDbTables } from '../support/dynamodb-tables.ts';
import type { FrontName, SentRequest } from './front-events.ts';
import { frontEvent } from './front-events.ts';

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** What the caller takes it for. @throws when it is no JSON. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as a cast would be, at every call
  json<T = Record<string, unknown>>(): T;
  readonly result: FrontResult;
}

export interface ApiFunction {
  readonly table: string;
  readonly config: ReturnType<typeof parseConfig>;
  /** Every line of its standard output so far. */
  readonly lines: readonly string[];
  /** Sums of the metrics that it emitted. */
  metric(name: string): number;
  invoke(event: unknown, remainingMs?: number): Promise<unknown>;
  call(front: FrontName, sent: SentRequest, remainingMs?: number): Promise<Heard>;
  /** For a client of ours: each request as the event of a front. */
  fetchThrough(front: FrontName): typeof fetch;
  /** An execution environment of its own that shares the table. */
  another(changes?: DaybookConfig): ApiFunction;
}

export const FULL_TIME_MS = 29_000;

export async function startTables(): Promise<DynamoDbTables> {
  const tables = await startDynamoDbTables();
  after(() => tables.dispose());
  return tables;
}

/** Without a queue unless the configuration names one. */
export function apiFunction(
  tables: DynamoDbTables,
  changes: DaybookConfig = {},
  table = tables.newTable(),
): ApiFunction {
  const store = `dynamodb://eu-west-1/${table}?endpoint=${encodeURIComponent(tables.proxy.endpoint)}&createTable=on`;
  const config = parseConfig({ store, queue: 'none', roles: ['api', 'web'], rateLimit: 'off', ...changes });
  const lines: string[] = [];
  const handler = createApiHandler({ load: async () => config, write: (line) => void lines.push(line) });
  const invoke = (event: unknown, remainingMs = FULL_TIME_MS) =>
    handler(event, { getRemainingTimeInMillis: () => remainingMs });
  return {
    table,
    config,
    lines,
    metric: (name) =>
      lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .reduce((sum, line) => sum + Number(line['_aws'] === undefined ? 0 : (line[name] ?? 0)), 0),
    invoke,
    async call(front, sent, remainingMs) {
      return hear((await invoke(frontEvent(front, sent), remainingMs)) as FrontResult);
    },
    fetchThrough: (front) => async (input, init) => {
      const request = new Request(input, init ?? {});
      const { pathname, search } = new URL(request.url);
      const event = frontEvent(front, {
        method: request.method,
        target: `${pathname}${search}`,
        headers: [...request.headers],
        body: new Uint8Array(await request.arrayBuffer()),
      });
      const { status, headers, bytes } = hear((await invoke(event)) as FrontResult);
      return new Response(status === 204 ? null : Uint8Array.from(bytes), { status, headers });
    },
    another: (other) => apiFunction(tables, { ...changes, ...other }, table),
  };
}

export function hear(result: FrontResult): Heard {
  // What runs over Lambda's interface is JSON.
  const told = JSON.parse(JSON.stringify(result)) as FrontResult;
  assert.ok(Number.isInteger(told.statusCode));
  const lists = Object.entries(told.multiValueHeaders ?? {}).flatMap(([name, values]) =>
    values.map((value) => [name, String(value)] as [string, string]),
  );
  const single = Object.entries(told.headers ?? {}).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  assert.ok(lists.length === 0 || single.length === 0, 'lists or single values');
  const bytes = Buffer.from(told.body ?? '', told.isBase64Encoded ? 'base64' : 'utf8');
  const text = bytes.toString('utf8');
  return {
    status: told.statusCode,
    headers: new Headers([...lists, ...single]),
    bytes,
    text,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
    json: <T>() => JSON.parse(text) as T,
    result: told,
  };
}

/**
 * A Daybook for the tests of one file: in this process, on a real socket and a data directory of its own, with every
 * log line kept. Closing it fails the file when anything was logged as an internal error.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import type { DaybookConfig } from '../../src/config/schema.ts';
import type { EntryPage, EntryView, Receipt } from '../../src/contract/messages.ts';
import { createDaybook } from '../../src/daybook.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from '../support/eventually.ts';

export interface Service {
  /** `http://127.0.0.1:PORT`, with the base path. */
  readonly address: string;
  readonly port: number;
  readonly adminKey: string;
  /** Every log line so far. */
  readonly logged: readonly string[];
  /** One exchange over the socket. @param path from the origin, without the base path. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The same without a socket, as a front without one would. */
  fetchInProcess(path: string, init?: RequestInit, front?: AppEnv['Bindings']): Promise<Response>;
  /** Writes, and fails unless it is answered 201. */
  write(
    register: string,
    body?: NonNullable<RequestInit['body']>,
    headers?: Record<string, string>,
  ): Promise<Receipt>;
  read(register: string, id: string): Promise<EntryView>;
  list(pathAndQuery: string): Promise<EntryPage>;
  /** The present value of a metric without labels. */
  metric(name: string): Promise<number>;
  close(): Promise<boolean>;
}

/**
 * Starts a service that ends with the file. Rate limits are off and only warnings are logged unless configured; a data
 * directory that is given is left to its giver.
 */
export async function startService(config: DaybookConfig = {}): Promise<Service> {
  const dataDir = config.dataDir ?? (await mkdtemp(join(tmpdir(), 'daybook-http-')));
  const logged: string[] = [];
  const parsed = parseConfig({ rateLimit: 'off', logLevel: 'warn', ...config, port: 0, dataDir });
  const daybook = await createDaybook(
    parsed,
    createLog(parsed.logLevel, { write: (line) => void logged.push(line) }),
  );
  const { port } = await daybook.listen();
  const address = `http://127.0.0.1:${port}${parsed.basePath}`;

  const service: Service = {
    address,
    port,
    adminKey: readFileSync(daybook.adminKeyFile, 'utf8').trim(),
    logged,
    fetch: (path, init) => fetch(address + path, init),
    fetchInProcess: (path, init, front) => daybook.fetch(new Request(address + path, init), front),
    async write(register, body, headers = {}) {
      const response = await fetch(`${address}/${register}`, {
        method: 'POST',
        headers,
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      assert.equal(response.status, 201, text);
      return JSON.parse(text) as Receipt;
    },
    async read(register, id) {
      const response = await fetch(`${address}/${register}/${id}`);
      assert.equal(response.status, 200);
      return (await response.json()) as EntryView;
    },
    async list(pathAndQuery) {
      const response = await fetch(address + pathAndQuery);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text) as EntryPage;
    },
    async metric(name) {
      // Beyond loopback, and behind proxies, they are not for everybody.
      const authorization = `Bearer ${service.adminKey}`;
      const text = await (await fetch(`${address}/metrics`, { headers: { authorization } })).text();
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
      assert.ok(value !== undefined, `${name} is not in /metrics`);
      return Number(value);
    },
    close: () => daybook.close(),
  };
  after(async () => {
    await daybook.close();
    if (config.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    assert.deepEqual(
      logged.filter((line) => line.includes('"internal-error"')),
      [],
    );
  });
  return service;
}

/** Whatever was tried, no byte stays reserved. */
export async function assertNothingInFlight(service: Service): Promise<void> {
  for (const name of ['daybook_bytes_in_flight', 'daybook_entries_in_flight']) {
    await eventually(`${name} is 0 again`, async () => (await service.metric(name)) === 0);
  }
}

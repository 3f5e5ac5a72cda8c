/**
 * A real server process with an issuer of tokens beside it: for tests that come as strangers do, over sockets, and then
 * look at what was written and logged.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DaybookConfig } from '../../src/config/schema.ts';
import type { Ledger } from '../../src/contract/messages.ts';
import type { Claims, IssuerMode, IssuerServer, SigningKey } from './issuer-server.ts';
import { makeSigningKey, signToken, startIssuer } from './issuer-server.ts';
import type { StartedDaybook } from './start-daybook.ts';
import { startDaybook } from './start-daybook.ts';

export const ISSUER = 'https://login.example.com/';
export const AUDIENCE = 'https://daybook.example.com';
export const BOTH_ROLES = ['data.write', 'data.read'];
/** What `data` takes. */
export const PAYLOAD = { informationOne: 'one', informationTwo: 'two' };
export const JSON_FIELDS = { 'content-type': 'application/json' };

export interface GuardedDaybook {
  readonly server: StartedDaybook;
  readonly address: string;
  readonly port: number;
  readonly issuer: IssuerServer;
  readonly key: SigningKey;
  /** Claims that are believed for an hour; every call gives others, so that no token was seen before. */
  claims(changes?: Claims): Claims;
  /** @returns the value of an `Authorization` header. */
  bearer(subject: string, roles?: unknown, changes?: Claims): Promise<string>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A POST of JSON. */
  post(
    path: string,
    authorization?: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** As the operator. */
  admin(path: string, init?: RequestInit): Promise<Response>;
  /** Entries of a register, as the operator counts them. */
  entries(register: string): Promise<number>;
  /** Entries accepted of all registers, by the ledger, which has to balance. */
  accepted(): Promise<number>;
  /** @throws {AssertionError} when one of these texts is in what the server wrote. */
  assertNotLogged(...secrets: readonly string[]): void;
  close(): Promise<void>;
}

/** @param config joined with one issuer, `example`. */
export async function startGuarded(
  config: DaybookConfig = {},
  {
    env = {},
    issuerMode = 'ok',
  }: { readonly env?: Readonly<Record<string, string>>; readonly issuerMode?: IssuerMode } = {},
): Promise<GuardedDaybook> {
  const key = await makeSigningKey('key-1');
  const issuer = await startIssuer(key);
  issuer.mode = issuerMode;
  const directory = await mkdtemp(join(tmpdir(), 'daybook-guarded-'));
  const file = join(directory, 'daybook.config.json');
  const issuers = { example: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks } };
  await writeFile(file, JSON.stringify({ logLevel: 'debug', issuers, ...config }));
  const server = await startDaybook({ dataDir: directory, env: { DAYBOOK_CONFIG: file, ...env } });
  const { address } = server;
  const adminKey = await server.adminKey();
  let made = 0;

  const fetchPath = (path: string, init?: RequestInit) => fetch(address + path, init);
  function admin(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${adminKey}`);
    return fetchPath(path, { ...init, headers });
  }
  function claims(changes: Claims = {}): Claims {
    const exp = Math.floor(Date.now() / 1000) + 3_600;
    return {
      iss: ISSUER,
      aud: AUDIENCE,
      exp,
      jti: `${(made += 1)}`,
      sub: 'alice',
      roles: BOTH_ROLES,
      ...changes,
    };
  }

  return {
    server,
    address,
    port: Number(new URL(address).port),
    issuer,
    key,
    claims,
    bearer: async (sub, roles = BOTH_ROLES, changes = {}) =>
      `Bearer ${await signToken(key, claims({ sub, roles, ...changes }))}`,
    fetch: fetchPath,
    post: (path, authorization, body = PAYLOAD, headers = {}) =>
      fetchPath(path, {
        method: 'POST',
        headers: { ...JSON_FIELDS, ...(authorization !== undefined && { authorization }), ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    admin,
    async entries(register) {
      const text = await (await admin(`/${register}?format=ndjson`)).text();
      return text.split('\n').length - 1;
    },
    async accepted() {
      const ledger = (await (await admin('/api/ledger')).json()) as Ledger;
      assert.equal(ledger.balanced, true);
      return ledger.totals.accepted;
    },
    assertNotLogged(...secrets) {
      const logged = server.stdout() + server.stderr();
      assert.ok(logged.includes('"listening"'));
      for (const secret of [adminKey, ...secrets]) assert.ok(!logged.includes(secret), 'it is in the log');
      assert.ok(!logged.includes('internal-error'), logged);
    },
    async close() {
      await server.stop();
      await issuer.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

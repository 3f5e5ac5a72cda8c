/**
 * A password that is not in the URL, on a real server: from a file, and from a stand-in for AWS Secrets Manager. What is
 * wrong with it is told apart: what waiting mends, and what stops the start.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';

import { createPasswordFile } from '../../src/store/postgres/password-file.ts';
import { createPasswordSecret } from '../../src/store/postgres/password-secret.ts';
import type { RotatingPassword } from '../../src/store/postgres/password.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { CREDENTIALS } from '../support/dynamodb-local.ts';
import { startPostgres } from '../support/postgres.ts';
import { startSecretsManager } from '../support/secrets-manager.ts';

Object.assign(process.env, CREDENTIALS);
const folder = await mkdtemp(join(tmpdir(), 'daybook-password-'));
after(() => rm(folder, { recursive: true, force: true }));
const server = await startPostgres();
after(() => server.dispose());
const manager = await startSecretsManager();
after(() => manager.stop());
const database = await server.createDatabase();
await server.query(`CREATE ROLE daybook LOGIN PASSWORD 'one'; ALTER DATABASE ${database} OWNER TO daybook`);
const url = `postgres://daybook@127.0.0.1:${server.port}/${database}`;
const file = join(folder, 'password');
const toBatch = createSource('a-source');
const opened: Store[] = [];

beforeEach(() => setPassword('one'));
afterEach(async () => {
  manager.failure = undefined;
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function setPassword(password: string): Promise<void> {
  await server.query(`ALTER ROLE daybook PASSWORD '${password}'`);
}

async function open(password: RotatingPassword): Promise<Store> {
  const store = await createPostgresStore({ url, password, region: 'here', newEpoch: 'an-epoch' });
  opened.push(store);
  return store;
}

async function write(store: Store): Promise<void> {
  await store.append(toBatch([makeEntry()]));
}

/** Every connection of the store is lost, so that the next call needs a new one. */
async function cutConnections(): Promise<void> {
  await server.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'daybook'`,
  );
}

function fromSecret(users: readonly string[] = ['daybook']): RotatingPassword {
  const { arn, endpoint } = manager;
  return createPasswordSecret({ arn, awsRegion: 'eu-west-1', endpoint, users });
}

const credential = (password: string) => JSON.stringify({ username: 'daybook', password });

test('a file is read for every new connection', async () => {
  await writeFile(file, 'one\n');
  const store = await open(createPasswordFile(file));
  await write(store);
  await setPassword('two');
  await write(store);
  await cutConnections();
  await assert.rejects(write(store), { reason: 'unavailable', outcome: 'not-written' });
  await writeFile(file, 'two');
  await write(store);
});

test('a secret is asked for once, and again when the server refuses its password', async () => {
  manager.secret = credential('one');
  const before = manager.requests();
  const store = await open(fromSecret());
  await Promise.all([write(store), write(store), store.time()]);
  assert.equal(manager.requests() - before, 1);
  await setPassword('two');
  manager.secret = credential('two');
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // It is not asked more often than that.
  await cutConnections();
  // The one that was cut is noticed by its next call.
  await write(store).catch(() => write(store));
  assert.equal(manager.requests() - before, 2);
});

test('a server that disagrees with the secret at the start is waited for', async () => {
  manager.secret = credential('not yet');
  await assert.rejects(open(fromSecret()), {
    name: 'StoreError',
    reason: 'unavailable',
    message: /password authentication failed .*28P01\)$/,
  });
});

test('a service that refuses for a while is waited for', async () => {
  manager.secret = credential('one');
  manager.failure = { status: 400, name: 'AccessDeniedException' };
  await assert.rejects(open(fromSecret()), {
    name: 'StoreError',
    reason: 'unavailable',
    message: /store\.passwordFrom: arn:aws:.*: AccessDeniedException: refused/,
  });
});

test('what holds no password stops the start, in a line without what it holds', async () => {
  const wrong: readonly [string | undefined, RegExp][] = [
    [undefined, /ResourceNotFoundException/],
    ['hunter2', /expected a JSON object with the text "password", given something else$/],
    ['{"password":7}', /expected a JSON object with the text "password"/],
    ['{"username":"another","password":"hunter2"}', /expected the user of store\.url .* given another$/],
  ];
  for (const [secret, why] of wrong) {
    manager.secret = secret;
    await assert.rejects(open(fromSecret()), (error: Error) => {
      assert.equal(error.name, 'StartError', error.message);
      assert.match(error.message, why);
      return !error.message.includes('hunter2');
    });
  }
  await assert.rejects(open(createPasswordFile(join(folder, 'nothing'))), {
    name: 'StartError',
    message: /^store: .* store\.passwordFrom: ENOENT/,
  });
  await writeFile(file, '\n');
  await assert.rejects(open(createPasswordFile(file)), { name: 'StartError', message: /given nothing$/ });
});

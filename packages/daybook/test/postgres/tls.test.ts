/**
 * TLS to a real server with a certificate of its own: who is trusted, and what is said when nobody is.
 */
import assert from 'node:assert/strict';
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { createAuthority } from '../support/certificate.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres();
after(() => server.dispose());
const authority = createAuthority('the authority');
const rootCertificate = await put('root.crt', authority.certificate);
const otherRoot = await put('other.crt', createAuthority('another authority').certificate);

/** A file that belongs to the server, which takes no key that others may read. */
async function put(name: string, text: string): Promise<string> {
  const path = join(server.directory, name);
  await writeFile(path, text, { mode: 0o600 });
  const { uid, gid } = await stat(server.directory);
  await chown(path, uid, gid);
  return path;
}

async function serveAs(names: readonly string[]): Promise<void> {
  const { certificate, key } = authority.issue(names);
  const [certificateFile, keyFile] = [await put('server.crt', certificate), await put('server.key', key)];
  await server.stop();
  await server.start({ ssl: 'on', ssl_cert_file: certificateFile, ssl_key_file: keyFile });
}

function urlOf(host: string, parameters: string): string {
  return server.url().replace('127.0.0.1', host).replace('sslmode=disable', parameters);
}

/** Opens a store, writes, and asks the server how its connections are made. */
async function connectBy(url: string): Promise<boolean[]> {
  const store = await createPostgresStore({ url, region: 'tls', newEpoch: 'an-epoch' });
  try {
    await store.probe();
    const rows = await server.query<{ ssl: boolean }>(
      `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'daybook tls'`,
    );
    return rows.map(({ ssl }) => ssl);
  } finally {
    await store.close();
  }
}

async function assertRefused(url: string, why: RegExp): Promise<void> {
  await assert.rejects(createPostgresStore({ url, region: 'tls', newEpoch: 'an-epoch' }), (thrown: Error) => {
    assert.equal(thrown.name, 'StartError', thrown.message);
    assert.match(thrown.message, /^store: postgres (?:localhost|127\.0\.0\.1):\d+\/postgres: [^\n]*$/);
    assert.match(thrown.message, why);
    assert.ok(!thrown.message.includes('p@ss') && !thrown.message.includes('p%40ss'));
    return true;
  });
}

test('a server without TLS is refused where TLS is asked for', async () => {
  await assertRefused(urlOf('127.0.0.1', 'sslmode=require'), /The server does not support SSL connections/);
  const verified = urlOf('localhost', `sslmode=verify-full&sslrootcert=${rootCertificate}`);
  await assertRefused(verified, /The server does not support SSL connections/);
});

test('verify-full takes a certificate of the named authority for the host of the URL', async () => {
  await serveAs(['localhost']);
  const verified = urlOf('localhost', `sslmode=verify-full&sslrootcert=${rootCertificate}`);
  assert.deepEqual(await connectBy(verified), [true]);
});

test('verify-full refuses a certificate of another authority, in one line', async () => {
  const why = /unable to verify the first certificate|unable to get local issuer certificate/;
  await assertRefused(urlOf('localhost', `sslmode=verify-full&sslrootcert=${otherRoot}`), why);
  await assertRefused(urlOf('localhost', 'sslmode=verify-full'), why);
});

test('verify-full refuses a certificate for another host', async () => {
  const byAddress = urlOf('127.0.0.1', `sslmode=verify-full&sslrootcert=${rootCertificate}`);
  await assertRefused(byAddress, /127\.0\.0\.1/);
  await serveAs(['db.example', '127.0.0.1']);
  assert.deepEqual(await connectBy(byAddress), [true]);
  const byName = urlOf('localhost', `sslmode=verify-full&sslrootcert=${rootCertificate}`);
  await assertRefused(byName, /localhost.*db\.example/);
});

test('require encrypts, whoever the server is; disable does not', async () => {
  assert.deepEqual(await connectBy(urlOf('127.0.0.1', 'sslmode=require')), [true]);
  assert.deepEqual(await connectBy(urlOf('127.0.0.1', 'sslmode=disable')), [false]);
});

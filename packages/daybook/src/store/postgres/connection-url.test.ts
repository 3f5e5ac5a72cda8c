import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConnectionUrl } from './connection-url.ts';

test('a URL is read into what a connection needs, decoded', () => {
  const target = parseConnectionUrl(
    'postgres://the%20user:p%40ss%2Fword@db.example:6432/the%20base?sslmode=require',
  );
  assert.deepEqual(target, {
    host: 'db.example',
    port: 6432,
    database: 'the base',
    user: 'the user',
    password: 'p@ss/word',
    tls: { rejectUnauthorized: false },
    server: 'postgres db.example:6432/the base',
  });
});

test('what is left out is the default port and no password', () => {
  const { host, port, password } = parseConnectionUrl('postgresql://user@[::1]/base');
  assert.deepEqual([host, port, password], ['::1', 5432, undefined]);
});

test('only a server on this machine needs no word about TLS', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
    assert.equal(parseConnectionUrl(`postgres://user@${host}/base`).tls, false, host);
  for (const host of ['db.example', '10.0.0.1', 'localhost.example', '127.0.0.1.example']) {
    assert.throws(() => parseConnectionUrl(`postgres://user@${host}/base`), {
      name: 'StartError',
      message:
        'store: expected sslmode=disable, require or verify-full for a server on another machine, given none',
    });
  }
});

test('verify-full believes the authorities that Node.js knows unless one is named', () => {
  const { tls } = parseConnectionUrl('postgres://user@db.example/base?sslmode=verify-full');
  assert.deepEqual(tls, { rejectUnauthorized: true });
});

test('what cannot be used is told in one line that does not show the password', () => {
  const lines = {
    'mysql://user:secret@host/base': /expected postgres:/,
    'postgres://user:secret@host/base?sslmode=prefer': /expected sslmode=disable, .* given prefer$/,
    'postgres://user:secret@host/base?sslmode=require&sslrootcert=a.pem':
      /expected sslmode=verify-full with sslrootcert/,
    'postgres://user:secret@host/base?sslmode=verify-full&sslrootcert=/no/such.pem': /sslrootcert: ENOENT/,
    'postgres://user:secret@host/base?application_name=x':
      /expected the parameters sslmode and sslrootcert, given "application_name"/,
    'postgres://user:secret@host/?sslmode=require': /expected a database in the URL, given none/,
    'postgres://:secret@host/base?sslmode=require': /expected a user in the URL, given none/,
    'postgres://user:secret%@host/base?sslmode=require': /expected a password that is percent-encoded/,
  };
  for (const [url, line] of Object.entries(lines)) {
    assert.throws(
      () => parseConnectionUrl(url),
      ({ name, message }: Error) => name === 'StartError' && line.test(message) && !/secret|\n/.test(message),
      url,
    );
  }
});

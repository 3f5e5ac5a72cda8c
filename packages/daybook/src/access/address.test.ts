import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isLoopback, truncateAddress, withoutMapping } from './address.ts';

const NETWORKS: readonly (readonly [string, string])[] = [
  ['203.0.113.7', '203.0.113.0'],
  ['::ffff:203.0.113.7', '203.0.113.0'],
  ['::FFFF:203.0.113.7', '203.0.113.0'],
  ['2001:db8:1:2::7', '2001:db8:1::'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ['2001:db8::7', '2001:db8:0::'],
  ['fe80::1%eth0', 'fe80:0:0::'],
  ['::1', '0:0:0::'],
];
for (const [address, network] of NETWORKS) {
  test(`${address} is of the network ${network}, asked once or again`, () => {
    assert.equal(truncateAddress(address), network);
    assert.equal(truncateAddress(address), network);
  });
}

test('the length of an IPv6 network may be another, without mixing the two up', () => {
  assert.equal(truncateAddress('2001:db8:1:2:3::7', { ipv6Bits: 64 }), '2001:db8:1:2::');
  assert.equal(truncateAddress('2001:db8:1:2:3::7'), '2001:db8:1::');
});

test('more addresses than are remembered are still told apart', () => {
  for (let n = 0; n < 3000; n += 1) {
    const network = `10.${n >> 8}.${n & 255}`;
    assert.equal(truncateAddress(`${network}.9`), `${network}.0`);
  }
});

test('an IPv4 address is the same through either kind of socket', () => {
  assert.equal(withoutMapping('::ffff:203.0.113.7'), '203.0.113.7');
  assert.equal(withoutMapping('203.0.113.7'), '203.0.113.7');
  assert.equal(withoutMapping('2001:db8::7'), '2001:db8::7');
});

test('only addresses of this machine, and its name for itself, are loopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(host), host);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.org',
    'localhost.example.org',
    '128.0.0.1',
    '',
  ])
    assert.ok(!isLoopback(host), host);
});

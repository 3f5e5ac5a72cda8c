import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TrustedProxies } from './client-address.ts';
import { createClientOf, createNetworks, isNetwork } from './client-address.ts';

const client = (trusted: TrustedProxies, socket: string, fields: Record<string, string | string[]> = {}) =>
  createClientOf(trusted)({ address: socket, protocol: 'http' }, fields);
const address = (trusted: TrustedProxies, socket: string, forwarded: string | string[]) =>
  client(trusted, socket, { 'x-forwarded-for': forwarded }).address;

test('without a trusted proxy nothing counts but the socket', () => {
  const forged = {
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-real-ip': '10.0.0.1',
    forwarded: 'for=10.0.0.1;proto=https',
  };
  for (const trusted of [[], 0, ['192.0.2.0/24']] as const) {
    assert.deepEqual(client(trusted, '203.0.113.9', forged), { address: '203.0.113.9', protocol: 'http' });
  }
});

test('a trusted proxy is believed its own word, and not what it passes on', () => {
  for (const trusted of [['10.0.0.0/8'], 1] as const) {
    assert.equal(address(trusted, '10.0.0.1', '203.0.113.9'), '203.0.113.9');
    assert.equal(address(trusted, '10.0.0.1', '192.168.0.1, 203.0.113.9'), '203.0.113.9');
    assert.equal(address(trusted, '10.0.0.1', ['192.168.0.1', '203.0.113.9']), '203.0.113.9');
    assert.equal(client(trusted, '10.0.0.1', { 'x-forwarded-proto': 'http, HTTPS' }).protocol, 'https');
    assert.equal(client(trusted, '10.0.0.1', { 'x-forwarded-proto': 'https, http' }).protocol, 'http');
  }
  // A stranger who names the network of the proxies is not in it.
  assert.equal(address(['10.0.0.0/8'], '10.0.0.1', '10.9.9.9, 203.0.113.9, 10.0.0.2'), '203.0.113.9');
});

test('hops are counted from the socket, and a list that is too short ends where it ends', () => {
  const forwarded = '192.168.0.1, 203.0.113.9, 10.0.0.2';
  const seen = [0, 1, 2, 3, 4].map((hops) => address(hops, '10.0.0.1', forwarded));
  assert.deepEqual(seen, ['10.0.0.1', '10.0.0.2', '203.0.113.9', '192.168.0.1', '192.168.0.1']);
});

test('what is no address ends the list', () => {
  for (const junk of [
    '',
    'unknown',
    '_hidden',
    '1.2.3',
    '010.0.0.1',
    '1.2.3.4.5',
    '<script>',
    '::1::',
    '[::1',
    '1.2.3.4%x',
  ])
    assert.equal(address(2, '10.0.0.1', `6.6.6.6, ${junk}`), '10.0.0.1', junk);
  assert.equal(address(1, '10.0.0.1', ' , ,203.0.113.9'), '203.0.113.9');
});

test('an address is the same however it is written: with a port, mapped, in full, with a zone', () => {
  for (const [written, meant] of [
    ['203.0.113.9:4711', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['[::ffff:203.0.113.9]:4711', '203.0.113.9'],
    ['0:0:0:0:0:ffff:cb00:7109', '203.0.113.9'],
    ['2001:DB8:0:0::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1'],
    [`fe80::1%${'a'.repeat(5_000)}`, 'fe80::1'],
  ] as const)
    assert.equal(address(1, '10.0.0.1', written), meant);
});

test('networks know their addresses in every form', () => {
  const networks = createNetworks(['10.0.0.0/8', '192.0.2.7', 'fe80::/10', '2001:db8::/48']);
  for (const inside of ['10.255.0.1', '192.0.2.7', '::ffff:10.0.0.1', 'fe80::1%eth0', '2001:db8:0:5::1'])
    assert.ok(networks.includes(inside), inside);
  for (const outside of ['11.0.0.1', '192.0.2.8', '::ffff:11.0.0.1', '2001:db8:1::1', '', 'localhost'])
    assert.ok(!networks.includes(outside), outside);
});

test('only addresses and CIDRs are networks', () => {
  for (const network of ['10.0.0.0/8', '10.0.0.1', '::/0', '::1/128']) assert.ok(isNetwork(network), network);
  for (const none of [
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0/8',
    '::/129',
    'fe80::1%eth0',
    'localhost',
  ])
    assert.ok(!isNetwork(none), none);
});

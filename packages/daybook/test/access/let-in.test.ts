/** Who is let in by where they are, and what is kept of where they were: allowFrom, trusted proxies, clientIp. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertProblem } from '../http/assert-problem.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { PAYLOAD, startIssued } from './issued.ts';

const { issuers, as } = await startIssued();
const open = { access: 'open' as const };
const registers = {
  app: { ...open, allowFrom: ['10.0.0.0/8', '2001:db8::/48'], clientIp: 'full' as const },
  guarded: { access: 'jwt' as const, allowFrom: ['10.0.0.0/8'] },
  cut: { ...open, clientIp: 'truncated' as const },
  off: { ...open, clientIp: 'off' as const },
};
const direct = await startService({ issuers, registers });
const proxied = await startService({ issuers, registers, trustedProxies: ['127.0.0.0/8'] });
const twoHops = await startService({ issuers, registers, trustedProxies: 2 });

const from = (forwarded: string) => ({ 'x-forwarded-for': forwarded });
const post = (service: Service, path: string, headers: Record<string, string>) =>
  service.fetch(path, { method: 'POST', headers, body: PAYLOAD });

describe('a register with allowFrom', () => {
  const forged: readonly Record<string, string>[] = [
    from('10.0.0.1'),
    { 'x-real-ip': '10.0.0.1' },
    { forwarded: 'for=10.0.0.1' },
    { 'x-client-ip': '10.0.0.1', 'true-client-ip': '10.0.0.1', 'cf-connecting-ip': '10.0.0.1' },
  ];
  test('is closed to others, whatever they say, for writes and for every read', async () => {
    for (const headers of [{}, ...forged]) {
      await assertProblem(await post(direct, '/app', headers), 'ADDRESS_REFUSED', { kind: 'write' });
      for (const path of [
        '/app',
        '/app/stats',
        '/app?live=sse',
        '/app?format=csv',
        '/app/x',
        '/app/x/payload',
      ])
        await assertProblem(await direct.fetch(path, { headers }), 'ADDRESS_REFUSED', { kind: 'read' });
    }
  });

  test('is open to those whom the proxies saw there', async () => {
    for (const there of [
      '10.0.0.1',
      '::ffff:10.0.0.1',
      '10.0.0.1:80',
      '6.6.6.6, 10.0.0.1',
      '2001:db8:0:1::1',
      '10.0.0.1, 127.0.0.1',
    ])
      assert.equal((await post(proxied, '/app', from(there))).status, 201, there);
    for (const elsewhere of [
      '203.0.113.9',
      '10.0.0.1, 203.0.113.9',
      '2001:db8:1::1',
      'unknown',
      '',
      'fe80::1%10.0.0.1',
    ])
      assert.equal((await post(proxied, '/app', from(elsewhere))).status, 403, elsewhere);
    assert.equal((await post(twoHops, '/app', from('10.0.0.1, 203.0.113.9'))).status, 201);
    assert.equal((await post(twoHops, '/app', from('10.0.0.1, 203.0.113.9, 203.0.113.8'))).status, 403);
  });

  test('asks for no credential before, so that a stranger learns nothing about one', async () => {
    const good = await as('alice', ['guarded.write', 'guarded.read']);
    for (const headers of [{}, good, { authorization: 'Bearer forged' }]) {
      await assertProblem(await post(direct, '/guarded', headers), 'ADDRESS_REFUSED', { kind: 'write' });
      const inProcess = { method: 'POST', headers, body: PAYLOAD };
      await assertProblem(await direct.fetchInProcess('/guarded', inProcess), 'ADDRESS_REFUSED', {
        kind: 'write',
      });
      await assertProblem(await direct.fetch('/guarded', { headers }), 'ADDRESS_REFUSED', { kind: 'read' });
    }
    assert.equal((await post(proxied, '/guarded', { ...good, ...from('10.0.0.1') })).status, 201);
  });

  test('is not shown on the welcome page to those who may not read it', async () => {
    const secret = 'seen-from-inside-only';
    const { status } = await proxied.fetch('/app', {
      method: 'POST',
      headers: from('10.0.0.1'),
      body: secret,
    });
    assert.equal(status, 201);
    for (const headers of [{}, from('203.0.113.9')]) {
      const page = await proxied.fetch('/', { headers: { accept: 'text/html', ...headers } });
      assert.ok(!(await page.text()).includes(secret));
    }
  });
});

const kept = async (service: Service, register: string, headers: Record<string, string>) => {
  const { id } = await service.write(register, 'x', headers);
  const path = `/${register}/${id}`;
  const answer = await service.fetch(path, { headers });
  return ((await answer.json()) as { clientIp?: string }).clientIp;
};

test('what is kept of an address is what the register says, one spelling for each', async () => {
  assert.equal(await kept(direct, 'cut', from('203.0.113.9')), '127.0.0.0');
  assert.equal(await kept(direct, 'off', {}), undefined);
  assert.equal(await kept(proxied, 'cut', from('203.0.113.9')), '203.0.113.0');
  assert.equal(await kept(proxied, 'cut', from('2001:db8:1:2::7')), '2001:db8:1::');
  assert.equal(await kept(proxied, 'off', from('203.0.113.9')), undefined);
  assert.equal(await kept(proxied, 'app', from('10.1.2.3:99')), '10.1.2.3');
  assert.equal(await kept(proxied, 'app', from('::ffff:0a01:0203')), '10.1.2.3');
  assert.equal(await kept(proxied, 'app', from('2001:DB8:0:0:0::7')), '2001:db8::7');
});

test('metrics ask for a credential as soon as there is a proxy or another name in front', async () => {
  const named = await startService({ allowedHosts: ['book.example.com'] });
  for (const service of [proxied, twoHops, named]) {
    assert.equal((await service.fetch('/metrics')).status, 401);
    const authorization = `Bearer ${service.adminKey}`;
    assert.equal((await service.fetch('/metrics', { headers: { authorization } })).status, 200);
  }
  assert.equal((await direct.fetch('/metrics')).status, 200);
  const metrics = await as('prometheus', ['metrics']);
  assert.equal((await proxied.fetch('/metrics', { headers: metrics })).status, 200);
  assert.equal((await proxied.fetch('/api/ledger', { headers: metrics })).status, 403);
  const reader = await as('alice', ['data.read']);
  assert.equal((await proxied.fetch('/metrics', { headers: reader })).status, 403);
});

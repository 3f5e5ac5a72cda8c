/** A server whose issuer takes its time: nobody gets in meanwhile, and nothing is held for those who left. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { connectRaw, rawRequest } from '../http/raw-connection.ts';
import { eventually } from '../support/eventually.ts';
import { JSON_FIELDS, PAYLOAD, startGuarded } from '../support/guarded-daybook.ts';

const guarded = await startGuarded({}, { issuerMode: 'silent' });
after(() => guarded.close());
const { port, bearer } = guarded;

const request = (authorization: string, fields: Record<string, string> = {}) =>
  rawRequest('POST /data', { ...JSON_FIELDS, authorization, ...fields }, JSON.stringify(PAYLOAD));

test('tokens wait for the keys, and are told to come again when there are none; open registers do not wait', async () => {
  const connections = await Promise.all(
    [{}, { te: 'trailers' }, { expect: '100-continue' }].map(async (fields) => {
      const connection = await connectRaw(port);
      await connection.send(request(await bearer('alice'), fields));
      return connection;
    }),
  );
  for (const fields of [{}, { te: 'trailers' }]) {
    const gone = await connectRaw(port);
    await gone.send(request(await bearer('gone'), fields));
    gone.destroy();
  }
  assert.equal((await guarded.post('/app')).status, 201);
  for (const connection of connections) {
    const { status, headers, body } = await connection.answer();
    assert.equal(status, 503, body);
    assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.match(body, /"code":"CREDENTIAL_UNVERIFIABLE".*"outcome":"not-written"/);
    connection.destroy();
  }
  assert.equal(await guarded.entries('data'), 0);
});

test('when the issuer is back, the same token writes; nothing is held for those who left', async () => {
  guarded.issuer.mode = 'ok';
  const authorization = await bearer('alice');
  await eventually('it writes', async () => (await guarded.post('/data', authorization)).status === 201);
  assert.equal(await guarded.entries('data'), 1);
  for (const name of ['daybook_bytes_in_flight', 'daybook_entries_in_flight'])
    await eventually(`${name} is 0`, async () =>
      (await (await guarded.fetch('/metrics')).text()).includes(`\n${name} 0\n`),
    );
  guarded.assertNotLogged(authorization.slice('Bearer '.length), 'informationOne');
});

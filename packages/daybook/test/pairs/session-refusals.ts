/**
 * The refusals of the recorded session, and the heads and options of what is there.
 */
import { microsToFirstId } from '../../src/id.ts';
import { encodeTailCursor } from '../../src/tail/cursor.ts';
import type { Talk } from './talk.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
/** Of an entry that would have been stored long ago, wherever it waited. */
const UNKNOWN_ID = microsToFirstId(Date.UTC(2020, 0, 1) * 1000);

export async function beRefused({ send }: Talk): Promise<void> {
  const post = (
    title: string,
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = JSON_TYPE,
  ) => send(title, path, { method: 'POST', body, headers });
  await post('JSON that does not parse', '/app', '{"n":');
  await post('JSON that is not UTF-8', '/app', Buffer.from([0x22, 0xff, 0x22]));
  await post('an encoding that is none', '/app', 'x', { 'content-encoding': 'br' });
  await post('bytes that do not decompress', '/app', 'x', { ...JSON_TYPE, 'content-encoding': 'gzip' });
  await post('an event', '/app', '{}', { 'content-type': 'application/cloudevents+json' });
  await post('too much', '/kept', JSON.stringify('x'.repeat(1_100)));
  await post('a key that is too short', '/app', '{}', { ...JSON_TYPE, 'idempotency-key': 'short' });
  await post('an answer that cannot be given', '/app', '{}', { ...JSON_TYPE, accept: 'image/png' });
  await post('a path that only reads', '/getEpoch', '{}');
  await post('no register', '/unknown', '{}');
  await send('no such method', '/app', { method: 'DELETE' });
  await send('no such entry', `/app/${UNKNOWN_ID}`);
  await send('… nor its bytes', `/app/${UNKNOWN_ID}/payload`);
  await send('no id', '/app/none');
  await send('a parameter that is unknown', '/app?limits=1');
  await send('… or wrong', '/app?limit=0');
  await send('… or no time', '/app?from=yesterday');
  await send('too many counts', '/app/stats?bucket=second&from=2020-01-01&to=2021-01-01');
  await send('a cursor that is none', '/app?cursor=none');
  const cursor = encodeTailCursor({ main: { epoch: 'another', number: 0 } });
  await send('a cursor of another store', `/followed?live=long-poll&cursor=${cursor}`);
  await send('what needs the admin key', '/api/ledger');
}

export async function lookOnly({ send }: Talk, [, second = '']: readonly string[]): Promise<void> {
  for (const path of ['/app', `/app/${second}`, `/app/${second}/payload`]) {
    await send('the head alone', path, { method: 'HEAD' });
    await send('what may be done', path, { method: 'OPTIONS' });
  }
}

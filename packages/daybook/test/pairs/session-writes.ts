/**
 * The writes of the recorded session: every kind of body, keys with their repeats and conflicts, batches.
 */
import type { Exchange } from './recorder.ts';
import type { Talk } from './talk.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const TEXT_TYPE = { 'content-type': 'text/plain; charset=utf-8' };
const NDJSON_TYPE = { 'content-type': 'application/x-ndjson' };
/** What a parser and printer of JSON, or a database's JSON type, would change. */
const EXACT_JSON =
  '{"z": 1e2, "big":12345678901234567890, "a":"\\u00e9\\u0000\\/", "twice":1,\n "twice":2, "minus":-0.0}';
/** `{"n": 12345678901234567890}`; compressed here it would depend on the library. */
const COMPRESSED = Buffer.from('H4sIAAAAAAAAA6tWylOyUjA0MjYxNTO3sDRAsGoB+UNFUhsAAAA=', 'base64');
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
const KEY = 'session-key-0000001';

/** @returns the ids of `app`, in the order in which they were written. */
export async function writeBodies({ write, idOf, stored }: Talk): Promise<string[]> {
  const answers = [
    await write('nothing but the moment', '/app'),
    await write('JSON', '/app', EXACT_JSON, JSON_TYPE),
    await write('JSON that is no object', '/app', '"é\u{1F4D3}"', {
      'content-type': 'application/vnd.x+json',
    }),
    await write('what curl -d sends', '/app', '{"what": "deploy"}', {
      'content-type': 'application/x-www-form-urlencoded',
    }),
    await write('a form', '/app', 'a=1&b=%00', { 'content-type': 'application/x-www-form-urlencoded' }),
    await write('text, with a NUL', '/app', 'door\0opened\ttwice\r\nby=é', TEXT_TYPE),
    await write(
      'text that is not valid UTF-8',
      '/app',
      Buffer.from([0x41, 0xff, 0xc3, 0x28, 0x00]),
      TEXT_TYPE,
    ),
    await write('every byte', '/app', EVERY_BYTE, { 'content-type': 'application/octet-stream' }),
    await write('no type', '/app', '[1, 2]'),
    await write('compressed', '/app', COMPRESSED, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    await write('a receipt as text', '/app', 'x', { ...TEXT_TYPE, accept: 'text/plain' }),
  ];
  const ids = answers.map(idOf);
  for (const id of ids) await stored('app', id);
  return ids;
}

export async function writeElsewhere({ write, send, idOf, stored }: Talk): Promise<void> {
  const kept = await write(
    'what a register keeps of a request',
    '/kept?from=here&other=1',
    '{"at":"2026-01-02T03:04:05.6Z"}',
    {
      ...JSON_TYPE,
      'x-event': 'push',
    },
  );
  await stored('kept', idOf(kept));
  const epoch = await write('another path of a register', '/EpochRegisterTime');
  await stored('epoch', idOf(epoch));
  await send('… and its list', '/getEpoch');
  await send('a write that waits for the store', '/app', {
    method: 'POST',
    headers: { prefer: 'wait=30' },
  });
}

/** Keys are looked up in the store, whether there is a queue or not. */
export async function writeKeyed({ send }: Talk): Promise<void> {
  const keyed = (title: string, body: string, headers: Record<string, string>): Promise<Exchange> =>
    send(title, '/app', { method: 'POST', body, headers: { ...headers, 'idempotency-key': KEY } });
  await keyed('a key', '{"n":1}', JSON_TYPE);
  await keyed('the same again', '{"n":1}', JSON_TYPE);
  await keyed('… with other bytes', '{"n": 1}', JSON_TYPE);
  await keyed('… with another type', '{"n":1}', TEXT_TYPE);
  await keyed('… as it was, for a stamp', '{"n":1}', { ...JSON_TYPE, accept: 'text/plain' });
}

export async function writeBatches({ send, write, idsOf, stored }: Talk): Promise<void> {
  const lines = '{"n":1}\n{"n":\n\n"\\u0000"\n12345678901234567890';
  const batch = await write('a batch', '/lines', lines, NDJSON_TYPE);
  for (const id of idsOf(batch)) await stored('lines', id);
  const headers = { ...NDJSON_TYPE, 'idempotency-key': `${KEY}-batch` };
  const keyed = { method: 'POST', headers };
  await send('a batch with a key', '/lines', { ...keyed, body: '{"k":1}\n{"k":2}\n' });
  await send('… that comes again, changed and longer', '/lines', {
    ...keyed,
    body: '{"k":1}\n{"k":0}\n{"k":3}\n',
  });
}

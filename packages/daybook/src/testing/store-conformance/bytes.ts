/**
 * Every field and every byte comes back as it went in, by whatever way the entry came.
 */
import type { Entry } from '../../entry.ts';
import { createSource, makeEntry } from '../made-batches.ts';
import { assertStored } from './observed.ts';
import type { Check } from './opened-store.ts';

/** The largest that is tried of a driver that takes more. */
const MAX_TRIED_BYTES = 4 * 1024 * 1024;

const PAYLOADS: Readonly<Record<string, Uint8Array>> = {
  'every byte': Uint8Array.from({ length: 256 }, (_, index) => index),
  'invalid UTF-8': Uint8Array.of(0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff, 0xf4, 0x90, 0x80, 0x80),
  'NUL, as a byte and in JSON': Buffer.from('{"a\\u0000":"\\u0000","b":"\0"}'),
  'big integers, order of keys, a key twice, spaces': Buffer.from(
    ' {"z":123456789012345678901234567890,"a":1.10,"a":-0,"10":1,"9":1e400 ,"\\u00e9":"\\ud800"}\r\n',
  ),
  'a byte order mark': Buffer.from('\ufeff{}'),
  nothing: new Uint8Array(0),
};

const FIELDS: Readonly<Record<string, Partial<Entry>>> = {
  'all fields': {
    occurredAt: '2026-01-01T00:00:00.000Z',
    subject: 'someone',
    clientIp: '203.0.113.0',
    headers: { 'x-event': 'a "quoted" one', __proto__: 'kept' },
    query: { q: 'ü' },
    contentType: 'application/octet-stream',
    protocol: 'https',
    idempotencyKey: 'k'.repeat(20),
    fingerprint: new Uint8Array(32),
  },
  'no field that may be absent': {},
  'names and values of any kind': {
    subject: 'o’brien|💥%/\\"\'#',
    headers: { constructor: '', 'x-tab': '\t', 'x-latin': 'é', 'x-controls': '\u0001\u001f\u007f' },
    query: { '': '', 'a.b[c]$': '\u0000', '💥': '\u2028', '10': '1', '9': '2' },
    contentType: 'text/plain; charset="x\\"y"',
  },
};

function madeEntries(): Entry[] {
  return [...Object.values(PAYLOADS).map((payload) => ({ payload })), ...Object.values(FIELDS)].map(
    (fields) => makeEntry(fields),
  );
}

export function testBytes(check: Check): void {
  check('an entry comes back as it was appended, every field and every byte', async ({ store }) => {
    const entries = madeEntries();
    await store.append(createSource('a')(entries));
    for (const entry of entries) await assertStored(store, entry);
  });

  check('an entry comes back as it was acknowledged, every field and every byte', async ({ store }) => {
    const entries = madeEntries();
    await store.persist([{ batch: createSource('a')(entries), part: false, leftOut: [] }]);
    for (const entry of entries) await assertStored(store, entry);
  });

  check('an entry comes back as it was before it died, every field and every byte', async ({ store }) => {
    const entries = madeEntries();
    for (const entry of entries) await store.replay(entry);
    for (const entry of entries) await assertStored(store, entry);
  });

  check('the largest entry that the capabilities allow is stored whole', async ({ store }) => {
    const bytes = Math.min(store.capabilities.maxEntryBytes, MAX_TRIED_BYTES);
    const payload = Buffer.alloc(bytes, 'x');
    payload[bytes - 1] = 0;
    const entry = makeEntry({
      payload,
      contentType: 'application/octet-stream',
      subject: 's'.repeat(255),
      headers: { 'x-long': 'h'.repeat(4096) },
    });
    await store.append(createSource('a')([makeEntry(), entry]));
    await assertStored(store, entry);
  });
}

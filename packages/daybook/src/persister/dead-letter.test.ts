/** The format of a dead letter: readable, whole, and guarded. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import type { Entry } from '../entry.ts';
import { microsToFirstId } from '../id.ts';
import type { DeadLetterFailure, EntryLetter, RawLetter } from './dead-letter.ts';
import {
  DeadLetterDamagedError,
  decodeLetter,
  encodeEntryLetter,
  encodeRawLetter,
  entryOf,
  isLetterId,
  rawIdOf,
} from './dead-letter.ts';

const MICROS = 1_795_247_743_368_790;
const ID = microsToFirstId(MICROS);
const FAILURE: DeadLetterFailure = {
  code: 'unexpected',
  message: 'constraint "x" failed',
  attempts: 20,
  firstFailedAt: MICROS + 1_000_000,
  lastFailedAt: MICROS + 2_000_001,
  source: '0123456789abcdef',
  n: 7,
};

const BARE: Entry = {
  id: ID,
  register: 'app',
  subject: '',
  requestId: 'r-1',
  protocol: 'http',
  region: 'local',
};
const FULL: Entry = {
  ...BARE,
  occurredAt: '2026-11-21T07:00:00+01:00',
  subject: 'someone',
  clientIp: '203.0.113.0',
  headers: JSON.parse(
    '{"x-event": "a \\"quoted\\" one", "__proto__": "kept", "10": "ten", "9": "nine"}',
  ) as Record<string, string>,
  query: { q: 'ü\u2028' },
  contentType: 'application/json',
  payload: Buffer.from('{"b": 12345678901234567890,\r\n "a": "\\u0000"}'),
  idempotencyKey: 'k'.repeat(20),
  fingerprint: createHash('sha256').update('x').digest(),
};

function documentOf(letter: Uint8Array): Record<string, unknown> {
  return JSON.parse(Buffer.from(letter).toString()) as Record<string, unknown>;
}

function changed(letter: Uint8Array, change: (document: Record<string, unknown>) => void): Uint8Array {
  const document = documentOf(letter);
  change(document);
  return Buffer.from(JSON.stringify(document));
}

const payloads: Readonly<Record<string, Partial<Entry>>> = {
  'no payload': {},
  'an empty payload': { payload: new Uint8Array(0), contentType: 'text/plain' },
  'JSON with big integers': { payload: FULL.payload, contentType: 'application/json' },
  'every byte': { payload: Uint8Array.from({ length: 256 }, (_, byte) => byte), contentType: 'image/png' },
  'text that is no UTF-8': { payload: Buffer.from([0xc3, 0x28]), contentType: 'text/plain' },
  'a part of a buffer': {
    payload: Buffer.from('before,part,after').subarray(7, 11),
    contentType: 'text/plain',
  },
  '300 KB': { payload: Buffer.alloc(300_000, 'x'), contentType: 'text/plain' },
};
for (const [what, fields] of Object.entries(payloads)) {
  test(`an entry with ${what} comes back byte for byte`, () => {
    const entry = { ...BARE, ...fields };
    const letter = decodeLetter(ID, encodeEntryLetter(entry, FAILURE)) as EntryLetter;
    const { payload, ...rest } = entryOf(letter);
    const { payload: expected, ...others } = entry;
    assert.deepEqual(rest, others);
    assert.deepEqual(payload && Buffer.from(payload), expected && Buffer.from(expected));
  });
}

test('every field of an entry comes back, whatever its members are called', () => {
  const read = entryOf(decodeLetter(ID, encodeEntryLetter(FULL, FAILURE)) as EntryLetter);
  assert.deepEqual(Object.keys(read).toSorted(), Object.keys(FULL).toSorted());
  assert.equal(JSON.stringify(read.headers), JSON.stringify(FULL.headers));
  for (const name of ['payload', 'fingerprint'] as const)
    assert.ok(Buffer.from(read[name] ?? []).equals(Buffer.from(FULL[name] ?? [])), name);
  const { headers: _, payload: __, fingerprint: ___, ...rest } = FULL;
  for (const [name, value] of Object.entries(rest)) assert.deepEqual(read[name as keyof Entry], value, name);
});

test('a field that this version does not know is kept', () => {
  const entry = { ...BARE, cloudEvent: { source: '/x', id: '1' } };
  const read = entryOf(decodeLetter(ID, encodeEntryLetter(entry, FAILURE)) as EntryLetter);
  assert.deepEqual(read, entry);
});

test('a person can read what it is, when it was and why', () => {
  const text = Buffer.from(encodeEntryLetter(FULL, FAILURE)).toString();
  assert.ok(text.endsWith('}\n'));
  assert.ok(text.split('\n').length > 10, 'on several lines');
  const {
    version,
    id,
    register,
    receivedAt,
    reason,
    attempts,
    firstFailedAt,
    lastFailedAt,
    batch,
    payloadText,
  } = documentOf(Buffer.from(text));
  assert.deepEqual(
    [version, id, register, receivedAt, attempts, firstFailedAt, lastFailedAt],
    [
      1,
      ID,
      'app',
      '2026-11-21T07:55:43.368790Z',
      20,
      '2026-11-21T07:55:44.368790Z',
      '2026-11-21T07:55:45.368791Z',
    ],
  );
  assert.deepEqual(reason, { code: 'unexpected', message: 'constraint "x" failed' });
  assert.deepEqual(batch, { source: '0123456789abcdef', n: 7 });
  assert.equal(payloadText, FULL.payload && Buffer.from(FULL.payload).toString());
});

test('bytes and large texts have no rendering beside them', () => {
  for (const fields of [payloads['every byte'], payloads['300 KB'], payloads['text that is no UTF-8'], {}])
    assert.ok(!('payloadText' in documentOf(encodeEntryLetter({ ...BARE, ...fields }, FAILURE))));
});

test('a message that does not decode comes back byte for byte, under the name of its hash', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const id = rawIdOf(bytes);
  assert.equal(id, `raw-${createHash('sha256').update(bytes).digest('hex')}`);
  const letter = decodeLetter(id, encodeRawLetter(bytes, { ...FAILURE, source: '', n: 0 })) as RawLetter;
  assert.ok(Buffer.from(letter.bytes, 'base64').equals(bytes));
  assert.equal(letter.batch, undefined);
});

test('ids of letters are ids of entries and hashes, nothing else', () => {
  for (const id of [ID, rawIdOf(new Uint8Array(0))]) assert.equal(isLetterId(id), true);
  for (const id of ['', 'raw-', `raw-${'G'.repeat(64)}`, `${ID}.json`, `../${ID}`, ID.toUpperCase()])
    assert.equal(isLetterId(id), false, id);
});

const letter = encodeEntryLetter(FULL, FAILURE);
const raw = encodeRawLetter(Buffer.from('x'), FAILURE);
const damages: readonly (readonly [what: string, id: string, bytes: Uint8Array, message: RegExp])[] = [
  ['half of it', ID, letter.subarray(0, 200), /expected JSON/],
  ['nothing', ID, new Uint8Array(0), /expected JSON/],
  ['null', ID, Buffer.from('null'), /expected object/],
  ['a newer version', ID, changed(letter, (one) => (one['version'] = 2)), /version/],
  [
    'another payload',
    ID,
    changed(letter, (one) => ((one['entry'] as { payload: string }).payload = 'eA==')),
    /SHA-256/,
  ],
  ['no entry', ID, changed(letter, (one) => delete one['entry']), /entry/],
  [
    'a payload that is no base64',
    ID,
    changed(letter, (one) => ((one['entry'] as { payload: string }).payload = '!')),
    /payload/,
  ],
  ['the name of another', microsToFirstId(MICROS + 1), letter, /id: expected/],
  [
    'other bytes under the same hash',
    rawIdOf(Buffer.from('x')),
    changed(raw, (one) => (one['bytes'] = 'eQ==')),
    /id: expected/,
  ],
  ['an entry under the name of a message', rawIdOf(Buffer.from('x')), letter, /bytes/],
];
for (const [what, id, bytes, message] of damages) {
  test(`a letter with ${what} is damaged, and says how`, () => {
    assert.throws(
      () => decodeLetter(id, bytes),
      (thrown: unknown) => thrown instanceof DeadLetterDamagedError && message.test(thrown.message),
    );
  });
}

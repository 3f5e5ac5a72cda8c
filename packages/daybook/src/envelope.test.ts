import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import type { Entry } from './entry.ts';
import type { Batch } from './envelope.ts';
import {
  countByMinute,
  decodeEnvelope,
  encodeEnvelope,
  EnvelopeChecksumError,
  EnvelopeVersionError,
} from './envelope.ts';
import { microsToFirstId } from './id.ts';

const bytes = fc.uint8Array({ maxLength: 200 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const someEntry = fc
  .record({
    micros: fc.integer({ min: 0, max: 4e15 }),
    register: fc.constantFrom('app', 'webhooks'),
    subject: fc.string(),
    requestId: fc.string(),
    contentType: optional(fc.string()),
    payload: optional(bytes),
    headers: optional(fc.dictionary(fc.string(), fc.string())),
    fingerprint: optional(fc.uint8Array({ minLength: 32, maxLength: 32 })),
  })
  .map(({ micros, ...fields }): Entry => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    return { id: microsToFirstId(micros), protocol: 'http', region: 'local', ...given } as Entry;
  });

function batchOf(entries: readonly Entry[]): Batch {
  return { source: 'a1b2', region: 'local', n: 7, total: 90, settledThrough: 12, entries };
}

/** Buffers and plain arrays of the same bytes are equal for our purpose. */
function plain(batch: Batch): unknown {
  return JSON.parse(
    JSON.stringify(batch, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array).toString('hex') : value,
    ),
  );
}

function hexed(batch: Batch): unknown {
  const entries = batch.entries.map(({ payload, fingerprint, ...rest }) => ({
    ...rest,
    payload: payload && Buffer.from(payload).toString('hex'),
    fingerprint: fingerprint && Buffer.from(fingerprint).toString('hex'),
  }));
  return plain({ ...batch, entries: entries as unknown as Entry[] });
}

const at = (minute: number, register: string): Entry => ({
  id: microsToFirstId(minute * 60_000_000 + 1),
  register,
  subject: '',
  requestId: 'r',
  protocol: 'http',
  region: 'local',
});

test('every batch comes out of its envelope as it went in, payload bytes included', () => {
  fc.assert(
    fc.property(fc.array(someEntry, { maxLength: 20 }), (entries) => {
      const batch = batchOf(entries);
      assert.deepEqual(hexed(decodeEnvelope(encodeEnvelope({ batch })).batch), hexed(batch));
    }),
  );
});

test('what an entry has behind it travels with it', () => {
  const retry = { attempts: 3, notBefore: 9, firstFailedAt: 4, firstReason: 'a "constraint"' };
  assert.deepEqual(decodeEnvelope(encodeEnvelope({ batch: batchOf([]), retry })).retry, retry);
  assert.equal(decodeEnvelope(encodeEnvelope({ batch: batchOf([]) })).retry, undefined);
});

test('any changed byte is noticed', () => {
  const envelope = encodeEnvelope({
    batch: batchOf([
      {
        id: microsToFirstId(5),
        register: 'app',
        subject: '',
        requestId: 'r',
        protocol: 'http',
        region: 'local',
        payload: Buffer.from('{"a":1}'),
      },
    ]),
  });
  for (let index = 0; index < envelope.byteLength; index += 1) {
    const broken = Uint8Array.from(envelope);
    broken[index] = (broken[index] as number) ^ 0x01;
    assert.throws(
      () => decodeEnvelope(broken),
      (thrown) => thrown instanceof EnvelopeChecksumError || thrown instanceof EnvelopeVersionError,
      `byte ${index}`,
    );
  }
  assert.throws(() => decodeEnvelope(envelope.subarray(0, -1)), EnvelopeChecksumError);
  assert.throws(() => decodeEnvelope(new Uint8Array()), EnvelopeChecksumError);
});

test('an envelope of a later version is told apart from a broken one', () => {
  const later = Buffer.from('{"v":2,"sha256":"00"}\nwhatever');
  assert.throws(() => decodeEnvelope(later), EnvelopeVersionError);
});

test('entries are counted by register and minute of their stamps', () => {
  const counts = countByMinute([at(1, 'app'), at(1, 'epoch'), at(1, 'app'), at(2, 'app')]);
  assert.deepEqual(counts, [
    { register: 'app', minute: 1, entries: 2 },
    { register: 'epoch', minute: 1, entries: 1 },
    { register: 'app', minute: 2, entries: 1 },
  ]);
});

/** A batch that crosses to the writer thread arrives as it was sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Entry } from '../../entry.ts';
import { createSource, makeEntry } from '../../testing/made-batches.ts';
import { packBatch, readBatch } from './packed-batch.ts';
import { toMeta } from './rows.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const record = fc.dictionary(text, text, { maxKeys: 3 });

const fields = fc.record(
  {
    register: fc.constantFrom('app', 'webhooks'),
    subject: fc.constantFrom('', 'someone', 'o’brien'),
    requestId: text,
    protocol: fc.constantFrom('http' as const, 'https' as const),
    region: fc.constantFrom('local', 'eu"1'),
    occurredAt: text,
    clientIp: text,
    contentType: text,
    headers: record,
    query: record,
    idempotencyKey: text,
    payload: fc.uint8Array({ maxLength: 20 }),
  },
  { requiredKeys: ['register', 'subject', 'requestId', 'protocol', 'region'] },
);

const batch = fc.array(fields, { minLength: 1, maxLength: 40 });

function made(all: readonly Partial<Entry>[]): Entry[] {
  return all.map((one) => makeEntry(one));
}

test('meta is every field without a column of its own, as JSON', () => {
  fc.assert(
    fc.property(batch, (all) => {
      for (const { id, register, subject, payload, fingerprint, ...rest } of made(all)) {
        void [id, register, subject, payload, fingerprint];
        const entry = { id, register, subject, ...rest };
        assert.deepEqual(JSON.parse(toMeta(entry)), JSON.parse(JSON.stringify(rest)));
      }
    }),
  );
});

test('ids, runs, metas and payloads are read as they were packed', () => {
  fc.assert(
    fc.property(batch, (all) => {
      const entries = made(all);
      const pack = packBatch(createSource('a')(entries));
      const reader = readBatch(pack);
      const owners = pack.runs.flatMap(({ register, subject, entries: count }) =>
        Array.from({ length: count }, () => [register, subject]),
      );
      assert.deepEqual(
        owners,
        entries.map(({ register, subject }) => [register, subject]),
      );
      for (const [index, entry] of entries.entries()) {
        const { meta, payload } = reader.next();
        assert.equal(reader.idAt(index), entry.id);
        assert.equal(Buffer.from(meta).toString(), toMeta(entry));
        assert.deepEqual(payload, entry.payload ?? null);
      }
      const later = readBatch(pack);
      later.skipTo(entries.length - 1);
      assert.equal(Buffer.from(later.next().meta).toString(), toMeta(entries.at(-1) as Entry));
      const ids = entries.map(({ id }) => id).toSorted();
      assert.deepEqual([pack.smallestId, pack.largestId], [ids[0], ids.at(-1)]);
    }),
  );
});

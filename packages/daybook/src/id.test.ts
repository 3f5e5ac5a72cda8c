import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { createClock } from './clock.ts';
import { createIdGenerator, formatStamp, idToMicros, idToStamp, isId, microsToFirstId } from './id.ts';
import { createManualTime } from './testing/manual-time.ts';

const START_MS = 1_800_000_000_000;
/** Microseconds as JavaScript numbers are whole up to here, in the year 2255. */
const LAST_MICROS = Number.MAX_SAFE_INTEGER;
const someMicros = fc.integer({ min: 0, max: LAST_MICROS });

function generatorAt(startMs: number, options: Parameters<typeof createIdGenerator>[1] = {}) {
  const time = createManualTime(startMs);
  const ids = createIdGenerator(createClock(time), options);
  return { time, ids };
}

test('an id is a UUIDv7 of RFC 9562', () => {
  const id = generatorAt(START_MS).ids.next();
  assert.ok(isId(id), id);
  assert.equal(id[14], '7');
  assert.match(id[19] as string, /[89ab]/);
  assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), START_MS);
});

test('what is no UUIDv7 in lower case is no id', () => {
  for (const text of [
    '',
    'abc',
    '01a1fd82-73ba-4000-a486-dede9251ac46',
    '01A1FD82-73BA-7000-A486-DEDE9251AC46',
    '01a1fd82-73ba-7000-c486-dede9251ac46',
  ]) {
    assert.equal(isId(text), false, text);
  }
});

test('the stamp of an id is the microsecond at which it was given, for every microsecond', () => {
  fc.assert(
    fc.property(someMicros, (micros) => {
      assert.equal(idToMicros(microsToFirstId(micros)), micros);
    }),
  );
  for (let micros = START_MS * 1000; micros < START_MS * 1000 + 1_000; micros += 1) {
    assert.equal(idToMicros(microsToFirstId(micros)), micros);
  }
});

test('ids and their stamps have the same order', () => {
  fc.assert(
    fc.property(someMicros, someMicros, (a, b) => {
      const [first, second] = [microsToFirstId(a), microsToFirstId(b)];
      assert.equal(Math.sign(a - b), first < second ? -1 : first > second ? 1 : 0);
      assert.equal(
        Math.sign(a - b),
        idToStamp(first) < idToStamp(second) ? -1 : idToStamp(first) > idToStamp(second) ? 1 : 0,
      );
    }),
  );
});

test('the first id of a stamp is not above any id that is given at that stamp', () => {
  const { time, ids } = generatorAt(START_MS);
  for (let round = 0; round < 2_000; round += 1) {
    const id = ids.next();
    assert.ok(microsToFirstId(idToMicros(id)) <= id);
    assert.ok(microsToFirstId(idToMicros(id) + 1) > id);
    time.advance(0.001 * (round % 7));
  }
});

test('no id of the stamp before is above the first id of a stamp, whatever generator gave it', () => {
  for (let micros = 1; micros < 1_000; micros += 1) {
    const first = microsToFirstId(START_MS * 1000 + micros);
    const fraction = Number.parseInt(first.slice(15, 18), 16);
    const before = `${first.slice(0, 15)}${(fraction - 1).toString(16).padStart(3, '0')}${first.slice(18)}`;
    assert.equal(idToMicros(first), START_MS * 1000 + micros);
    assert.equal(idToMicros(before), START_MS * 1000 + micros - 1);
  }
});

test('a stamp has always six digits and Z', () => {
  assert.equal(formatStamp(1_795_247_743_368_790), '2026-11-21T07:55:43.368790Z');
  assert.equal(formatStamp(0), '1970-01-01T00:00:00.000000Z');
  assert.equal(formatStamp(LAST_MICROS), '2255-06-05T23:47:34.740991Z');
});

test('ids of one process are strictly increasing under any clock steps, as text and as time', () => {
  const event = fc.record({
    advanceMs: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.integer({ min: 0, max: 30_000 }),
    ),
    stepMs: fc.constantFrom(0, 0, 0, -86_400_000, -3_600_000, -1, 1, 3_600_000, 86_400_000),
    ids: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const { time, ids } = generatorAt(START_MS);
      let last = ids.next();
      for (const { advanceMs, stepMs, ids: count } of events) {
        time.advance(advanceMs);
        time.step(stepMs);
        for (let i = 0; i < count; i += 1) {
          const id = ids.next();
          assert.ok(id > last, `${id} after ${last}`);
          assert.ok(idToMicros(id) >= idToMicros(last));
          last = id;
        }
      }
    }),
  );
});

test('the random bits overflow into the next tick instead of repeating or going back', () => {
  const { ids } = generatorAt(START_MS, { random: (words) => void words.fill(0xffffffff) });
  let last = ids.next();
  for (let i = 0; i < 10_000; i += 1) {
    const id = ids.next();
    assert.ok(id > last);
    last = id;
  }
});

test('a restart continues above the newest id, even when the clock is behind it', () => {
  const before = generatorAt(START_MS + 4_000).ids.next();
  const after = generatorAt(START_MS, { after: before }).ids;
  let last = before;
  for (let i = 0; i < 1_000; i += 1) {
    const id = after.next();
    assert.ok(id > last);
    last = id;
  }
});

test('many processes that stamp at the same moment give no id twice', () => {
  const seen = new Set<string>();
  const processes = Array.from({ length: 50 }, () => generatorAt(START_MS).ids);
  for (let round = 0; round < 200; round += 1) {
    for (const ids of processes) seen.add(ids.next());
  }
  assert.equal(seen.size, 50 * 200);
});

/**
 * The conformance suite of the object storage port: every driver runs all of it. Takes `test` as an argument, so that
 * drivers of others may run it in a runner of their own.
 */
import assert from 'node:assert/strict';

import type { ListObjects, ObjectInfo, Objects } from '../objects/objects.ts';
import { MAX_PAGE_OBJECTS } from '../objects/objects.ts';

export interface OpenedObjects {
  readonly objects: Objects;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<OpenedObjects>;
  /** Changes a bit of an object behind the driver's back. */
  corrupt(name: string): Promise<void>;
  /** Closes it and removes its data. */
  dispose(): Promise<void>;
}

type Test = (name: string, run: () => Promise<void>) => unknown;

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (given: Uint8Array | undefined) => given && new TextDecoder().decode(given);

/** In the order of their bytes: `-` and `.` come before `/`, digits before capitals, those before `_` and small ones. */
const SORTED = '- ... 0 00/1 D E/b _ a- a-x/x a.b a/- a/0/1 a/0/2 a/00 a/B a/c a0 b/c/d/e/f c'.split(' ');

async function namesOf(objects: Objects, query: ListObjects): Promise<{ names: string[]; more: boolean }> {
  const { objects: page, more } = await objects.list(query);
  return { names: page.map(({ name }) => name), more };
}

async function listAll(objects: Objects, query: ListObjects): Promise<ObjectInfo[]> {
  const all: ObjectInfo[] = [];
  for (let { after } = query; ;) {
    const page = await objects.list({ ...query, ...(after !== undefined && { after }) });
    assert.ok(page.objects.length <= query.limit);
    all.push(...page.objects);
    if (!page.more) return all;
    after = page.objects.at(-1)?.name;
    assert.ok(after !== undefined, 'an empty page is the last one');
  }
}

export function testObjectsConformance(test: Test, open: () => Promise<OpenedObjects>): void {
  const check = (name: string, run: (opened: OpenedObjects) => Promise<void>): void => {
    test(name, async () => {
      const opened = await open();
      try {
        await run(opened);
      } finally {
        await opened.dispose();
      }
    });
  };

  check('an object comes back as it was created, every byte', async ({ objects }) => {
    const every = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) % 256);
    const large = new Uint8Array(3_000_000).fill(0xa5);
    const given: Readonly<Record<string, Uint8Array>> = { empty: new Uint8Array(0), every, large };
    for (const [name, content] of Object.entries(given)) {
      assert.equal(await objects.create(`kinds/${name}`, content), true);
    }
    for (const [name, content] of Object.entries(given)) {
      const read = await objects.read(`kinds/${name}`);
      assert.ok(read !== undefined && Buffer.from(content).equals(read), name);
    }
  });

  check('a part of a buffer is written, not the whole of it', async ({ objects }) => {
    await objects.create('part', bytes('before,part,after').subarray(7, 11));
    assert.equal(text(await objects.read('part')), 'part');
  });

  check('there is nothing where nothing was created', async ({ objects }) => {
    await objects.create('a/b', bytes('x'));
    for (const name of ['b', 'a/c', 'a/b/c', 'a', 'A/B0'])
      assert.equal(await objects.read(name), undefined, name);
  });

  check('an object is never overwritten', async ({ objects }) => {
    assert.equal(await objects.create('once', bytes('first')), true);
    assert.equal(await objects.create('once', bytes('second')), false);
    assert.equal(await objects.create('once', bytes('first')), false);
    assert.equal(text(await objects.read('once')), 'first');
  });

  check('of many that create one name at the same time exactly one wins', async ({ objects }) => {
    for (const round of [1, 2, 3]) {
      const name = `contended/${round}/new-folder`;
      const contents = Array.from({ length: 16 }, (_, index) => `${index} `.repeat(1000));
      const created = await Promise.all(contents.map((content) => objects.create(name, bytes(content))));
      assert.equal(created.filter(Boolean).length, 1);
      assert.equal(text(await objects.read(name)), contents[created.indexOf(true)]);
    }
  });

  check('a removed object is gone, and its name is free', async ({ objects }) => {
    await objects.create('r/1', bytes('old'));
    await objects.create('r/2', bytes('kept'));
    await objects.remove('r/1');
    await objects.remove('r/1');
    await objects.remove('never/was');
    assert.equal(await objects.read('r/1'), undefined);
    assert.deepEqual(await namesOf(objects, { prefix: 'r/', limit: 10 }), { names: ['r/2'], more: false });
    assert.equal(await objects.create('r/1', bytes('new')), true);
    assert.equal(text(await objects.read('r/1')), 'new');
  });

  check('everything is there when it is opened again', async (opened) => {
    await opened.objects.create('kept/1', bytes('one'));
    await opened.objects.create('gone/1', bytes('two'));
    await opened.objects.remove('gone/1');
    const { objects } = await opened.reopen();
    assert.equal(text(await objects.read('kept/1')), 'one');
    assert.equal(await objects.create('kept/1', bytes('other')), false);
    assert.deepEqual(await namesOf(objects, { prefix: '', limit: 10 }), { names: ['kept/1'], more: false });
  });

  check('a list is in the order of the bytes of the names', async ({ objects }) => {
    for (const name of [...SORTED.slice(9), ...SORTED.slice(0, 9)]) await objects.create(name, bytes(name));
    assert.deepEqual(await namesOf(objects, { prefix: '', limit: 1000 }), { names: SORTED, more: false });
    assert.deepEqual(await namesOf(objects, { prefix: '', limit: SORTED.length }), {
      names: SORTED,
      more: false,
    });
    for (const limit of [1, 2, 3, 7]) {
      const all = await listAll(objects, { prefix: '', limit });
      assert.deepEqual(
        all.map(({ name }) => name),
        SORTED,
      );
    }
  });

  check('a list is cut by a prefix and continued behind any text', async ({ objects }) => {
    for (const name of SORTED) await objects.create(name, bytes(name));
    const places = [...SORTED, '', 'a', 'a/', 'a/0', 'a/0/', 'a/00/', 'a0/', 'b/c', 'zzz'];
    for (const prefix of ['', 'a', 'a/', 'a/0', 'a/0/', 'a/00', 'b/c/d/e/f', 'E', 'nope', 'a//']) {
      for (const after of places) {
        const expected = SORTED.filter((name) => name.startsWith(prefix) && name > after);
        const given = await namesOf(objects, { prefix, after, limit: 4 });
        const wanted = { names: expected.slice(0, 4), more: expected.length > 4 };
        assert.deepEqual(given, wanted, JSON.stringify({ prefix, after }));
      }
    }
  });

  check('more objects than fit on the largest page are all listed, once', async ({ objects }) => {
    const names = Array.from(
      { length: MAX_PAGE_OBJECTS + 30 },
      (_, index) => `many/${(index * 7919) % 99_991}`,
    );
    for (let start = 0; start < names.length; start += 50)
      await Promise.all(names.slice(start, start + 50).map((name) => objects.create(name, bytes(name))));
    const listed = await listAll(objects, { prefix: 'many/', limit: MAX_PAGE_OBJECTS });
    assert.deepEqual(
      listed.map(({ name }) => name),
      names.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  check('a list tells sizes and times', async ({ objects }) => {
    await objects.create('sized/5', bytes('12345'));
    await objects.create('sized/0', new Uint8Array(0));
    const { objects: page } = await objects.list({ prefix: 'sized/', limit: 10 });
    assert.deepEqual(
      page.map(({ name, bytes }) => [name, bytes]),
      [
        ['sized/0', 0],
        ['sized/5', 5],
      ],
    );
    for (const { createdAt } of page) {
      assert.ok(Number.isSafeInteger(createdAt));
      assert.ok(createdAt > Date.UTC(2020, 0, 1) * 1000, 'microseconds of this century');
      assert.ok(createdAt < Date.UTC(2200, 0, 1) * 1000);
    }
  });

  check('what cannot be a name is refused before anything is done', async ({ objects }) => {
    const wrong = [
      '',
      '/',
      'a/',
      '/a',
      'a//b',
      '.',
      '..',
      'a/../b',
      './a',
      'a b',
      'ü',
      'a~',
      'a\\b',
      'a\0',
      'a\n',
      '!x',
    ];
    for (const name of [...wrong, 'x'.repeat(256), 'x/'.repeat(256) + 'x']) {
      for (const call of [
        () => objects.create(name, bytes('x')),
        () => objects.read(name),
        () => objects.remove(name),
      ])
        await assert.rejects(call, TypeError, name);
    }
    await assert.rejects(objects.list({ prefix: 'a b', limit: 1 }), TypeError);
    await assert.rejects(objects.list({ prefix: '', after: '~', limit: 1 }), TypeError);
    for (const limit of [0, -1, 1.5, MAX_PAGE_OBJECTS + 1, Number.NaN])
      await assert.rejects(objects.list({ prefix: '', limit }), RangeError);
    assert.deepEqual(await namesOf(objects, { prefix: '', limit: 1 }), { names: [], more: false });
  });

  check('names at their limits are names', async ({ objects }) => {
    const longest = `${'x'.repeat(255)}/${'y'.repeat(254)}/z`;
    const names = ['...', '.hidden', 'a..b', '-', '_.-/-._', longest];
    for (const name of names) assert.equal(await objects.create(name, bytes(name)), true, name);
    for (const name of names) assert.equal(text(await objects.read(name)), name);
  });

  check('a probe leaves nothing behind, and works again and again', async ({ objects }) => {
    await objects.create('a', bytes('x'));
    for (let round = 0; round < 3; round += 1) await objects.probe();
    await Promise.all([objects.probe(), objects.probe()]);
    assert.deepEqual(await namesOf(objects, { prefix: '', limit: 10 }), { names: ['a'], more: false });
  });

  check('a changed bit is noticed where reads are verified', async ({ objects, corrupt }) => {
    await objects.create('c', bytes('as it was written'));
    await corrupt('c');
    if (objects.capabilities.verified) {
      await assert.rejects(objects.read('c'), { name: 'ObjectsError', reason: 'corrupt' });
    } else {
      assert.notEqual(text(await objects.read('c')), 'as it was written');
    }
    assert.equal(await objects.create('c', bytes('as it was written')), false, 'it is there all the same');
  });

  check('the capabilities are told', async ({ objects }) => {
    const { driver, durabilityProof } = objects.capabilities;
    assert.match(driver, /^[a-z0-9]+$/);
    assert.ok(durabilityProof.length > 0);
  });
}

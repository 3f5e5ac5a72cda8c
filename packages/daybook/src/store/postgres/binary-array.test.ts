import assert from 'node:assert/strict';
import { test } from 'node:test';

import { byteaArray, int8Array, textArray, uuidArray } from './binary-array.ts';

const header = (oid: number, length: number, hasNull = 0) => {
  const words = [1, hasNull, oid, length, 1];
  const bytes = Buffer.alloc(20);
  for (const [index, word] of words.entries()) bytes.writeInt32BE(word, index * 4);
  return bytes.toString('hex');
};

test('elements follow the header, each behind its length', () => {
  assert.equal(textArray(['a', 'é']).toString('hex'), `${header(25, 2)}000000016100000002c3a9`);
  assert.equal(
    int8Array([1, 2 ** 53 - 1]).toString('hex'),
    `${header(20, 2)}00000008000000000000000100000008001fffffffffffff`,
  );
  assert.equal(
    uuidArray(['01a1fecd-5565-7000-8000-0123456789ab', 'ffffffff-ffff-7fff-bfff-ffffffffffff']).toString(
      'hex',
    ),
    `${header(2950, 2)}0000001001a1fecd5565700080000123456789ab00000010ffffffffffff7fffbfffffffffffffff`,
  );
});

test('what is missing is NULL, what is empty is not', () => {
  assert.equal(
    byteaArray([undefined, new Uint8Array(), Buffer.from([0])]).toString('hex'),
    `${header(17, 3, 1)}ffffffff000000000000000100`,
  );
});

test('an array without elements has no dimension', () => {
  assert.equal(uuidArray([]).toString('hex'), '000000000000000000000b86');
});
